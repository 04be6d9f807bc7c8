use http::Request;
use tower_plugin::Lease;
use tower_plugin::gate::{Answer, Holder, ResponseFuture};

use super::insider::{Insider, What};
use super::model::{Exit, GenerationId, UnitId};
use super::op::{Thread, Way};
use super::thread;
use super::world::World;

/// A request of the kind that is asked for.
pub(super) fn request(way: Way) -> Request<()> {
    let request = match way {
        Way::Plain | Way::Lease => Request::get("/"),
        Way::Connect => Request::connect("example.org:443"),
        Way::Upgrade => Request::get("/")
            .header("connection", "upgrade")
            .header("upgrade", "websocket"),
    };
    request.body(()).expect("a valid request")
}

/// The ways in that need no readiness.
impl World {
    pub(super) fn enter(&mut self, generation: GenerationId, thread: Thread) {
        let gate = self.generations[generation].gate().clone();
        let permit = thread::on(thread, move || gate.enter());
        let is_open = !self.model.generations[generation].closed;
        assert_eq!(permit.is_some(), is_open, "admission");
        if let Some(permit) = permit {
            let unit = self.model.enter(generation, Exit::Dropped);
            self.add(Insider::new(unit, What::Permit(permit)));
        }
    }

    pub(super) fn lease(&mut self, thread: Thread) {
        let slot = self.slot.clone();
        match (
            thread::on(thread, move || slot.enter()),
            self.model.admits(),
        ) {
            (Ok(lease), Ok(current)) => {
                assert_eq!(lease.instance(), &current, "instance of a lease");
                let unit = self.model.enter(current, Exit::Left);
                self.add(Insider::new(unit, What::Lease(lease)));
            }
            (Err(rejected), Err(state)) => {
                assert_eq!(rejected.state(), state, "rejection");
                self.model.rejected += 1;
            }
            (entered, expected) => panic!("lease {entered:?}, expected {expected:?}"),
        }
    }

    pub(super) fn admit(&mut self, generation: GenerationId, upgrade: bool) {
        let mut request = request(if upgrade { Way::Upgrade } else { Way::Plain });
        let holder = self.generations[generation].admit(&mut request);
        let is_open = !self.model.generations[generation].closed;
        assert_eq!(holder.is_some(), is_open, "admission");
        if let Some(holder) = holder {
            self.serve(generation, holder, request);
        }
    }

    /// Somebody who was let in is served by the scripted service, outside of any layer.
    pub(super) fn serve(
        &mut self,
        generation: GenerationId,
        holder: Holder,
        mut request: Request<()>,
    ) {
        let unit = self.model.enter(generation, Exit::Left);
        let answer = Answer::new(self.protocol.into());
        let future = ResponseFuture::admitted(|| self.script.future(), holder, answer);
        self.add(Insider::serving(unit, future, self.protocol));
        self.handler_lease(unit, request.extensions_mut().remove());
    }

    /// The handler of a request to upgrade keeps the lease it was given.
    pub(super) fn handler_lease(&mut self, unit: UnitId, lease: Option<Lease>) {
        if let Some(lease) = lease {
            self.model.hold(unit);
            self.add(Insider::new(unit, What::HandlerLease(lease)));
        }
    }

    fn add(&mut self, insider: Insider) {
        self.insiders.push(insider);
    }
}
