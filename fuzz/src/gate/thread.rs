use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use super::op::Thread;

type Work = Box<dyn FnOnce() + Send>;

/// One thread for the whole process, so that it has one number among the gates' threads.
static OTHER: LazyLock<Mutex<Sender<Work>>> = LazyLock::new(|| {
    let (give, take) = channel::<Work>();
    std::thread::spawn(move || take.into_iter().for_each(|work| work()));
    Mutex::new(give)
});

/// Does the work on one of two threads, and waits for it: nothing is ever done at the same time.
pub(super) fn on<T: Send + 'static>(
    thread: Thread,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match thread {
        Thread::This => work(),
        Thread::Other => {
            let (reply, answer) = channel();
            let work = move || {
                // This thread waits for it.
                let _ = reply.send(work());
            };
            OTHER
                .lock()
                .expect("nobody panics while giving work")
                .send(Box::new(work))
                .expect("the other thread takes work for ever");
            answer.recv().expect("the work was done")
        }
    }
}
