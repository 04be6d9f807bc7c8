//! From when a request is counted in to right before it is counted out, it has one entry.

use http::{Method, Request, Response};
use http_body::Body as _;
use tokio::sync::oneshot;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service, service_fn};

use crate::testing::Step::{Data, Error, Panic, Stuck};
use crate::testing::{Script, Step};
use crate::{
    BoxError, Generation, InFlightRequest, Lease, PluginLayer, PluginState, RequestPhase,
    ResponseFuture, Slot,
};

pub(super) fn open() -> Slot<()> {
    let slot = Slot::tracked("geo", PluginState::Loading);
    slot.open(Generation::new(1, ()));
    slot
}

/// All there are, and that they are as many as are counted.
pub(super) fn requests(slot: &Slot<()>) -> Vec<InFlightRequest> {
    let seen = slot.requests(usize::MAX).expect("they are tracked");
    assert_eq!(seen.requests.len(), seen.total);
    assert_eq!(seen.total, slot.phases().total());
    seen.requests
}

/// Method, path and phase of the one there is.
pub(super) fn only(slot: &Slot<()>) -> (Option<Method>, Option<String>, RequestPhase) {
    let mut all = requests(slot);
    assert_eq!((all.len(), slot.in_flight()), (1, 1));
    let only = all.remove(0);
    (only.method, only.path, only.phase)
}

pub(super) fn assert_gone(slot: &Slot<()>) {
    assert_eq!(requests(slot), []);
    assert_eq!(slot.in_flight(), 0);
}

fn get() -> Request<()> {
    Request::get("/pks/lookup?op=get&search=secret")
        .body(())
        .unwrap()
}

fn lookup(phase: RequestPhase) -> (Option<Method>, Option<String>, RequestPhase) {
    (Some(Method::GET), Some("/pks/lookup".to_owned()), phase)
}

type Answer = Result<Response<Script>, BoxError>;
type Call<F> = task::Spawn<ResponseFuture<F>>;

/// A request that is called, and how the test answers it.
fn call(
    layer: &PluginLayer,
    request: Request<()>,
) -> (
    Call<impl Future<Output = Answer> + use<>>,
    oneshot::Sender<Answer>,
) {
    let (send, answer) = oneshot::channel::<Answer>();
    let mut answer = Some(answer);
    let mut service = layer.layer(service_fn(move |_: Request<()>| {
        let answer = answer.take().expect("called once");
        async { answer.await? }
    }));
    (task::spawn(service.call(request)), send)
}

fn script(steps: &[Step]) -> Response<Script> {
    Response::new(Script::new(steps.iter().copied()))
}

#[test]
fn request_is_listed_from_its_call_to_the_end_of_its_body() {
    for layer in [PluginLayer::new, PluginLayer::grpc] {
        let slot = open();
        let (mut call, send) = call(&layer(&slot), get());
        assert_eq!(only(&slot), lookup(RequestPhase::Head), "never polled yet");
        assert_pending!(call.poll());
        assert_eq!(only(&slot), lookup(RequestPhase::Head));
        send.send(Ok(script(&[Data("a")]))).unwrap();
        let response = assert_ready_ok!(call.poll());
        assert_eq!(only(&slot), lookup(RequestPhase::Body));
        let mut body = task::spawn(response.into_body());
        let mut poll = || assert_ready!(body.enter(|cx, body| body.poll_frame(cx)));
        assert!(poll().is_some());
        assert_eq!(only(&slot), lookup(RequestPhase::Body));
        assert!(poll().is_none());
        assert_gone(&slot);
        assert_eq!(slot.counters().completed, 1);
    }
}

#[test]
fn request_that_ends_in_any_other_way_is_listed_no_more() {
    let slot = open();
    let layer = || PluginLayer::new(&slot);
    drop(call(&layer(), get()));
    assert_gone(&slot);

    let (mut failing, send) = call(&layer(), get());
    send.send(Err("failed".into())).unwrap();
    assert!(assert_ready!(failing.poll()).is_err());
    assert_gone(&slot);

    for step in [Error, Panic] {
        let (mut call, send) = call(&layer().catch_panics(), get());
        send.send(Ok(script(&[step]))).unwrap();
        let mut body = task::spawn(assert_ready_ok!(call.poll()).into_body());
        assert!(assert_ready!(body.enter(|cx, body| body.poll_frame(cx))).is_some());
        assert_gone(&slot);
    }
    let counters = slot.counters();
    assert_eq!((counters.abandoned, counters.failed), (1, 2));
    assert_eq!(counters.panicked, 1);
}

#[test]
fn request_whose_call_panics_is_listed_no_more() {
    let slot = open();
    let panics = service_fn(
        |_: Request<()>| -> std::future::Ready<Result<Response<Script>, BoxError>> {
            panic!("the call panicked")
        },
    );
    let mut service = PluginLayer::new(&slot).layer(panics);
    let panicked = std::panic::AssertUnwindSafe(|| drop(service.call(get())));
    assert!(std::panic::catch_unwind(panicked).is_err());
    assert_gone(&slot);
    assert_eq!(slot.counters().panicked, 1);
}

#[test]
fn cancelled_request_is_marked_until_it_has_left() {
    let slot = open();
    let (mut call, _send) = call(&PluginLayer::new(&slot), get());
    assert_pending!(call.poll());
    assert!(!requests(&slot)[0].is_cancelled);
    let old = slot.close(PluginState::Reloading).expect("a generation");
    old.gate().cancel();
    let seen = requests(&slot);
    assert!(seen[0].is_cancelled);
    let of_gate = old.gate().requests(9).expect("tracked").requests;
    assert_eq!(of_gate[0].id, seen[0].id);
    assert_eq!(assert_ready_ok!(call.poll()).status(), 503);
    assert_gone(&slot);
    assert!(old.gate().is_drained());
}

#[test]
fn upgrade_is_listed_once_until_its_handler_lets_go() {
    let slot = open();
    let request = Request::connect("user:secret@example.org:443").body(());
    let tunnel = |phase| {
        (
            Some(Method::CONNECT),
            Some("example.org:443".to_owned()),
            phase,
        )
    };
    let mut lease = None;
    let respond = service_fn(|mut request: Request<()>| {
        lease = request.extensions_mut().remove::<Lease>();
        std::future::ready(Ok::<_, BoxError>(script(&[Stuck])))
    });
    let mut service = PluginLayer::new(&slot).layer(respond);
    let mut call = task::spawn(service.call(request.unwrap()));
    assert_eq!(only(&slot), tunnel(RequestPhase::Head));
    let response = assert_ready_ok!(call.poll());
    assert_eq!(only(&slot), tunnel(RequestPhase::Body));
    drop(response);
    assert_eq!(only(&slot), tunnel(RequestPhase::Upgraded));
    drop(service);
    let lease = lease.expect("a lease");
    let clone = lease.clone();
    drop(lease);
    assert_eq!(only(&slot), tunnel(RequestPhase::Upgraded));
    drop(clone);
    assert_gone(&slot);
}
