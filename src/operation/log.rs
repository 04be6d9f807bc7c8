use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::Answer;
use super::{Group, OperationId, Record};
use crate::lifecycle::Options;
use crate::{GroupInfo, GroupOperation, Operation, OperationInfo};

/// The operations under way, and the last ones that are done. The lock is held to look up, never
/// while something is waited for.
#[derive(Debug)]
pub(crate) struct OperationLog {
    /// Part of every id, so that one from before a restart names nothing.
    run: u32,
    /// How many of those that are done are remembered.
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    under_way: BTreeMap<OperationId, Arc<Record>>,
    done: VecDeque<Arc<Record>>,
    /// Operations on several plugins, under way and done.
    groups: BTreeMap<OperationId, Arc<Group>>,
}

impl State {
    fn next_id(&mut self, run: u32) -> OperationId {
        self.last += 1;
        OperationId {
            run,
            number: self.last,
        }
    }
}

impl OperationLog {
    pub(crate) fn new(run: u32, capacity: usize) -> Self {
        Self {
            run,
            capacity,
            state: Mutex::default(),
        }
    }

    pub(crate) fn begin(
        &self,
        plugin: &Arc<str>,
        operation: Operation,
        options: &Options,
    ) -> Arc<Record> {
        let mut state = self.lock();
        let id = state.next_id(self.run);
        let record = Arc::new(Record::new(id, Arc::clone(plugin), operation, options));
        state.under_way.insert(id, Arc::clone(&record));
        record
    }

    /// Ends an operation, unless that was done before, and remembers it for a while.
    pub(crate) fn end(&self, record: &Arc<Record>, answer: Answer) {
        let mut state = self.lock();
        if !record.end(answer) {
            return;
        }
        state.under_way.remove(&record.id);
        state.done.push_back(Arc::clone(record));
        let over = state.done.len().saturating_sub(self.capacity);
        let forgotten: Vec<_> = state.done.drain(..over).collect();
        drop(state);
        // Outside the lock: an answer may hold a plugin's own error.
        drop(forgotten);
    }

    /// Forgets an operation that was taken back before it began.
    pub(crate) fn take_back(&self, record: &Arc<Record>, answer: Answer) {
        self.lock().under_way.remove(&record.id);
        record.end(answer);
    }

    pub(crate) fn begin_group(
        &self,
        operation: GroupOperation,
        plugins: Vec<String>,
        options: &Options,
    ) -> Arc<Group> {
        let mut state = self.lock();
        let id = state.next_id(self.run);
        let group = Arc::new(Group::new(id, operation, plugins, options));
        // The oldest of those that are done are forgotten.
        let done = state.groups.iter().filter(|(_, group)| group.is_done());
        let done: Vec<OperationId> = done.map(|(id, _)| *id).collect();
        let over = done.len().saturating_sub(self.capacity);
        let forgotten: Vec<_> = done[..over]
            .iter()
            .filter_map(|id| state.groups.remove(id))
            .collect();
        state.groups.insert(id, Arc::clone(&group));
        drop(state);
        // Outside the lock: a report may hold a plugin's own error.
        drop(forgotten);
        group
    }

    pub(crate) fn find_group(&self, id: OperationId) -> Option<Arc<Group>> {
        self.lock().groups.get(&id).cloned()
    }

    /// Every operation on several plugins that is known of, the newest first.
    pub(crate) fn group_infos(&self) -> Vec<GroupInfo> {
        let groups: Vec<_> = self.lock().groups.values().rev().cloned().collect();
        groups.iter().map(|group| group.info()).collect()
    }

    pub(crate) fn find(&self, id: OperationId) -> Option<Arc<Record>> {
        let state = self.lock();
        let done = || state.done.iter().find(|record| record.id == id);
        state.under_way.get(&id).or_else(done).cloned()
    }

    /// Every operation that is known of, the newest first.
    pub(crate) fn infos(&self) -> Vec<OperationInfo> {
        let mut records: Vec<_> = {
            let state = self.lock();
            let under_way = state.under_way.values();
            under_way.chain(&state.done).cloned().collect()
        };
        records.sort_unstable_by_key(|record| std::cmp::Reverse(record.id));
        records.iter().map(|record| record.info()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
