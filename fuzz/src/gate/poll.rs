use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::Body as _;
use tower_plugin::PluginState;

use super::answer;
use super::insider::{Body, Head, Insider, What};
use super::model::Exit;
use super::op::{Protocol, Step, Task};
use super::script::FAILED;
use super::world::World;

/// How an insider is polled, and what the model says of them.
struct Polling<'a> {
    cx: Context<'a>,
    step: Step,
    /// Whether they are counted as inside.
    is_inside: bool,
    is_cancelled: bool,
    /// What they are told when they are cut off.
    told: Told,
}

/// Whose gate it was, and why it was closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) is_named: bool,
    pub(super) state: PluginState,
}

/// What became of somebody who was polled.
enum Fate {
    /// Registered to be woken by the cancellation.
    Waits(What),
    GoesOn(What),
    /// Their head is out. Whoever waited for that waits no more, until the body is polled.
    Answered(What),
    /// They have come to an end; something may be left of them.
    Ended(Exit, Option<What>),
    Cut,
}

impl World {
    pub(super) fn poll(&mut self, insider: usize, task: Task, step: Step) {
        let Insider {
            unit,
            what,
            mut waiter,
        } = self.insiders.swap_remove(insider);
        self.script.next(step);
        let dropped = matches!(what, What::Head(..) | What::Body(..)).then_some(Exit::Dropped);
        let waker = waiter.waker(task);
        let mut polling = Polling {
            cx: Context::from_waker(&waker),
            step,
            is_inside: unit.is_some(),
            is_cancelled: unit.is_some_and(|unit| self.model.is_cancelled(unit)),
            told: self.told(unit),
        };
        let (unit, what) = match polling.poll(what) {
            Fate::Waits(what) => {
                waiter.arm();
                (unit, Some(what))
            }
            Fate::GoesOn(what) => (unit, Some(what)),
            Fate::Answered(what) => {
                waiter.disarm();
                (unit, Some(what))
            }
            Fate::Ended(exit, what) => {
                self.out(unit, Some(exit));
                waiter.disarm();
                (None, what)
            }
            Fate::Cut => {
                self.out(unit, dropped);
                (None, None)
            }
        };
        if let Some(what) = what {
            self.insiders.push(Insider { unit, what, waiter });
        }
    }

    fn told(&self, unit: Option<usize>) -> Told {
        let counts = unit.map(|unit| &self.model.generations[self.model.of(unit)]);
        Told {
            is_named: counts.is_some_and(|counts| counts.named),
            state: counts
                .and_then(|counts| counts.why)
                .unwrap_or(PluginState::Unloading),
        }
    }
}

impl Polling<'_> {
    fn poll(&mut self, what: What) -> Fate {
        match what {
            What::Permit(mut permit) => {
                answer::check_error(&permit.cancelled_error(), self.told);
                let polled = permit.poll_cancelled(&mut self.cx);
                self.is_told(polled);
                self.waits(What::Permit(permit))
            }
            What::Lease(lease) => {
                // This future borrows the lease: it is polled once and then leaves no trace.
                let polled = Pin::new(&mut lease.cancelled()).poll(&mut self.cx);
                self.is_told(polled);
                assert_eq!(lease.token().is_cancelled(), self.is_cancelled, "token");
                Fate::GoesOn(What::Lease(lease))
            }
            What::HandlerLease(lease) => {
                assert_eq!(lease.is_cancelled(), self.is_cancelled, "a lease");
                Fate::GoesOn(What::HandlerLease(lease))
            }
            What::Listening(mut listening, phase) => {
                let polled = listening.as_mut().poll(&mut self.cx);
                self.is_told(polled);
                if self.is_cancelled {
                    Fate::Cut
                } else {
                    Fate::Waits(What::Listening(listening, phase))
                }
            }
            What::Head(head, protocol) => self.head(head, protocol),
            What::Rejected(future, state, protocol) => self.rejected(future, state, protocol),
            What::Body(body, protocol, end) => self.body(body, protocol, end),
        }
    }

    fn is_told(&self, polled: Poll<()>) {
        assert_eq!(polled.is_ready(), self.is_cancelled, "cancellation");
    }

    fn waits(&self, what: What) -> Fate {
        if self.is_inside && !self.is_cancelled {
            Fate::Waits(what)
        } else {
            Fate::GoesOn(what)
        }
    }

    fn head(&mut self, mut head: Head, protocol: Protocol) -> Fate {
        match (head.as_mut().poll(&mut self.cx), self.step) {
            (Poll::Pending, Step::Pending) if !self.is_cancelled => {
                self.waits(What::Head(head, protocol))
            }
            (Poll::Ready(Ok(response)), Step::Pending) if self.is_cancelled => {
                answer::check(response, "request_cancelled", self.told, protocol);
                Fate::Cut
            }
            (Poll::Ready(Err(error)), Step::Fail) => {
                assert_eq!(error, FAILED);
                Fate::Ended(Exit::Failed, None)
            }
            (Poll::Ready(Ok(response)), step) if step != Step::Pending => {
                let body = Box::pin(response.into_body());
                match step {
                    Step::Go => Fate::Answered(What::Body(body, protocol, Exit::Completed)),
                    Step::Blames => Fate::Answered(What::Body(body, protocol, Exit::Failed)),
                    _ => {
                        let what = What::Body(body, protocol, Exit::Completed);
                        Fate::Ended(Exit::Completed, Some(what))
                    }
                }
            }
            (polled, step) => panic!("{step:?} became {polled:?}"),
        }
    }

    fn rejected(&mut self, mut future: Head, state: PluginState, protocol: Protocol) -> Fate {
        let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut self.cx) else {
            panic!("a rejection waits or fails");
        };
        let told = Told {
            is_named: true,
            state,
        };
        answer::check(response, "plugin_unavailable", told, protocol);
        Fate::Ended(Exit::Dropped, None)
    }

    fn body(&mut self, mut body: Body, protocol: Protocol, end: Exit) -> Fate {
        let polled = body.as_mut().poll_frame(&mut self.cx);
        let has_more = matches!(self.step, Step::Pending | Step::Go);
        if has_more && self.is_cancelled {
            answer::check_cut(polled, self.told, protocol);
            assert!(body.is_end_stream(), "nothing comes after the end");
            return Fate::Cut;
        }
        answer::check_passed(polled, self.step);
        let exit = match (self.step, protocol) {
            (Step::Fail, _) | (Step::Blames, Protocol::Grpc) => Exit::Failed,
            _ => end,
        };
        let what = What::Body(body, protocol, end);
        match self.step {
            Step::Pending => self.waits(what),
            Step::Go => Fate::GoesOn(what),
            _ => Fate::Ended(exit, Some(what)),
        }
    }
}
