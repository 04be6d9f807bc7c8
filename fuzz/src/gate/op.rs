use arbitrary::Arbitrary;
use tower_plugin::{PluginState, gate};

/// What the fuzzer's bytes are read as.
#[derive(Debug, Arbitrary)]
pub struct Input {
    pub(super) protocol: Protocol,
    pub(super) ops: Vec<Op>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Op {
    /// Puts a new generation into the slot.
    Open,
    OpenAgain(Pick),
    CloseSlot(State),
    CloseGate(Pick),
    Cancel(Pick),
    CancelChildToken(Pick),

    Enter(Pick, Thread),
    Lease(Thread),
    Admit {
        gate: Pick,
        upgrade: bool,
    },
    Service(FrontOp),
    Door(FrontOp),

    /// What follows is done by, or to, somebody who is inside or was turned away.
    Clone(Pick),
    Listen(Pick),
    Poll(Pick, Task, Step),
    Complete(Pick),
    Fail(Pick),
    Leave(Pick),

    AwaitDrained(Pick),
    PollDrained(Pick, Task),
    ForgetDrained(Pick),
    AwaitChange,
    PollChange(Pick, Task),
    ForgetChange(Pick),
}

/// What is done with a service, or a door, between and for requests.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum FrontOp {
    /// A clone takes its place.
    Renew,
    PollReady {
        inner_is_ready: bool,
        task: Task,
    },
    Call(Way),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(super) enum Way {
    Plain,
    Upgrade,
    Connect,
    Lease,
}

/// What the scripted service, or its body, does when it is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(super) enum Step {
    Pending,
    Fail,
    /// A head with a body to come, or a frame with more to come.
    Go,
    /// A head without a body, or a frame that is known to be the last.
    GoAndEnd,
    Trailers,
    /// A head, or trailers, that says that the server failed.
    Blames,
    End,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Protocol {
    Http,
    Grpc,
}

impl From<Protocol> for gate::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http => Self::Http,
            Protocol::Grpc => Self::Grpc,
        }
    }
}

/// On which thread something is done, and so on which part of a gate's count.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Thread {
    This,
    Other,
}

/// From which task something is polled.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Task {
    Same,
    New,
}

/// One of however many there are.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Pick(u8);

impl Pick {
    /// An index into something of that length, unless it is empty.
    pub(super) fn of(self, len: usize) -> Option<usize> {
        usize::from(self.0).checked_rem(len)
    }
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct State(u8);

impl From<State> for PluginState {
    fn from(State(number): State) -> Self {
        Self::ALL[usize::from(number) % Self::ALL.len()]
    }
}
