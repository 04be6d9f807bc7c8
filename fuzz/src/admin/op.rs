use arbitrary::Arbitrary;

use super::plugins::Hook;

/// What is done, one after the other.
#[derive(Debug, Arbitrary)]
pub(super) enum Op<'a> {
    Ask(Ask<'a>),
    /// Two at the same time.
    AskTwo(Ask<'a>, Ask<'a>),
    /// The client goes away after the answer was polled so many times.
    AskAndGo(Ask<'a>, u8),
    /// A request is inside a plugin from now on, which a drain has to wait for.
    Hold(Plugin),
    LetGo,
    Wait {
        minutes: u8,
    },
}

/// A valid request, and what is wrong with it all the same.
#[derive(Debug, Arbitrary)]
pub(super) struct Ask<'a> {
    pub(super) action: Action<'a>,
    pub(super) twists: Vec<Twist<'a>>,
    /// Sizes of the body's chunks, over and over.
    pub(super) chunks: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Action<'a> {
    Reload(Plugin),
    Enable(Plugin),
    Disable(Plugin),
    ReplaceConfig(Plugin, Config<'a>),
    PatchConfig(Plugin, Config<'a>),
    ReadConfig(Plugin),
    Schema(Plugin),
    Requests(Plugin),
    Status,
    List,
    Health,
    Livez,
    Readyz,
    ReloadAll {
        all_or_nothing: bool,
    },
    Cascade(Plugin),
    /// A reload whose new generation is on trial.
    Try(Plugin, Trial),
    Promote(Plugin),
    Abort(Plugin),
    Operations,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Trial {
    Canary(u8),
    Probation,
    /// Somebody is to confirm it.
    Confirm,
    /// The one after the other.
    All,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Plugin {
    Replaced,
    Recreated,
    Unknown,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Config<'a> {
    pub(super) token: Secret,
    pub(super) start: Hook,
    pub(super) check: Hook,
    pub(super) stop: Hook,
    pub(super) pin: Option<Secret>,
    pub(super) limit: Option<(&'a str, i64)>,
    pub(super) unknown: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Secret {
    /// One that nobody was told before.
    New,
    Masked,
    Absent,
    Null,
    NewNumber,
    /// A new one in a value of a type that is not taken.
    NewInList,
    NewInObject,
}

/// What is done to a request that was valid before.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Twist<'a> {
    IfMatch(Tag<'a>),
    IfNoneMatch(Tag<'a>),
    Accept(MediaType),
    Head,
    Method(Method<'a>),
    /// The whole of path and query.
    Target(&'a str),
    Query(&'a str),
    AndQuery(&'a str, &'a str),
    From(Client),
    Host(Host<'a>),
    ContentType(MediaType),
    NoContentType,
    ContentEncoding(bool),
    ContentLength(u16),
    Expect,
    Origin(bool),
    SecFetchSite(bool),
    Header(&'a str, &'a [u8]),
    /// The answer is not waited for.
    Async,
    /// So many arrays, one in the other, are the body.
    Nested(u16),
    /// So many spaces go before the body.
    Padded(u16),
    Body(&'a [u8]),
    End(End),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Method<'a> {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Connect,
    Other(&'a str),
}

/// Who asks, and with what right.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Client {
    Operator,
    Reader,
    /// With the operator's token, by another scheme.
    Confused,
    Stranger,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Host<'a> {
    Own,
    InTarget,
    Foreign,
    None,
    Other(&'a [u8]),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum MediaType {
    Json,
    MergePatch,
    Problem,
    Anything,
    Text,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) enum Tag<'a> {
    Current(Plugin),
    WeakCurrent(Plugin),
    Any,
    Other(&'a [u8]),
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(super) enum End {
    Well,
    WithTrailers,
    WithError,
    Never,
}
