use std::future::Ready;
use std::mem::size_of;
use std::pin::Pin;

use http::{Request, Response};

use super::{Mock, OnClosed, Script};
use crate::{
    AnyService, BoxError, HeldRequest, PluginService, PolicyFuture, Reject, ResponseFuture,
};

type Fut<F> = PolicyFuture<F, Pin<Box<HeldRequest<Mock, Request<()>>>>>;

/// A policy costs the requests that need none next to nothing: what is held is boxed.
#[test]
fn future_with_a_policy_is_hardly_larger_than_one_without() {
    fn grows<F>() {
        let (plain, policy) = (size_of::<ResponseFuture<F>>(), size_of::<Fut<F>>());
        assert!(policy <= plain + 8, "{plain} {policy}");
    }
    grows::<Ready<Result<Response<Script>, BoxError>>>();
    grows::<Pin<Box<u8>>>();
    grows::<[u64; 32]>();
}

#[test]
fn service_that_only_rejects_carries_no_policy() {
    assert_eq!(size_of::<Reject>(), 0);
    let mock = size_of::<Mock>();
    let plain = size_of::<PluginService<Mock>>() - mock;
    let policy = size_of::<PluginService<Mock, OnClosed>>() - mock;
    assert!(policy <= plain + size_of::<OnClosed>(), "{plain} {policy}");
    let any = size_of::<AnyService<Mock, OnClosed>>() - size_of::<AnyService<Mock>>();
    assert!(any <= size_of::<OnClosed>(), "{any}");
}
