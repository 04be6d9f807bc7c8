use std::sync::Arc;

use super::lane::{Entry, Lane};
use super::{InFlightRequest, InFlightRequests, PhaseCounts};
use crate::sync::thread_number;

/// The list of those inside one generation.
#[derive(Debug)]
pub(crate) struct Tracker {
    /// As many as the gate has shards: a power of two.
    lanes: Box<[Arc<Lane>]>,
    generation: u64,
}

impl Tracker {
    pub(crate) fn new(generation: u64, shards: usize) -> Self {
        debug_assert!(shards.is_power_of_two(), "a mask picks the lane");
        let lanes = (0..shards).map(|_| Arc::default()).collect();
        Self { lanes, generation }
    }

    /// A place for somebody who has been counted in.
    pub(crate) fn enter(&self) -> Entry {
        self.lanes[thread_number() & (self.lanes.len() - 1)].enter()
    }

    pub(crate) fn phases(&self) -> PhaseCounts {
        let mut sum = PhaseCounts::default();
        for lane in &self.lanes {
            sum += lane.phases();
        }
        sum
    }

    /// The oldest, `limit` of them at most.
    pub(crate) fn requests(&self, limit: usize, is_cancelled: bool) -> InFlightRequests {
        let mut requests = InFlightRequests::default();
        for lane in &self.lanes {
            let (oldest, total) = lane.oldest(limit);
            let oldest = oldest.into_iter().map(|(id, line)| {
                let (method, path) = match line.request {
                    Some(request) => (Some(request.method), Some(request.path)),
                    None => (None, None),
                };
                InFlightRequest {
                    id,
                    method,
                    path: path.map(|path| path.as_ref().to_owned()),
                    age: line.started.elapsed(),
                    phase: line.phase,
                    generation: self.generation,
                    is_cancelled,
                    started: line.started,
                }
            });
            let of_lane = InFlightRequests {
                requests: oldest.collect(),
                total,
            };
            requests.merge(of_lane, limit);
        }
        requests
    }
}
