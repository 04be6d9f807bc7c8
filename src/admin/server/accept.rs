use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long to wait before accepting again when the system has no resources for it.
const PAUSE: Duration = Duration::from_secs(1);

/// The next connection, once there is room for it. Cancel safe.
pub(super) async fn next_connection<T, F>(
    room: &Arc<Semaphore>,
    accept: impl Fn() -> F,
) -> io::Result<(OwnedSemaphorePermit, T)>
where
    F: Future<Output = io::Result<T>>,
{
    let permit = Arc::clone(room).acquire_owned().await;
    let permit = permit.expect("the semaphore is never closed");
    loop {
        match accept().await {
            Ok(connection) => return Ok((permit, connection)),
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "cannot accept an admin connection; trying again shortly");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether an error is only that of a client that went away before it was accepted.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::ConnectionRefused
            | Kind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use tokio::time::Instant;

    use super::*;

    const TOO_MANY_OPEN_FILES: i32 = 24;

    async fn accepted(mut results: VecDeque<io::Result<u8>>) -> io::Result<u8> {
        results.push_back(Ok(7));
        let results = RefCell::new(results);
        let room = Arc::new(Semaphore::new(1));
        let accept = || async { results.borrow_mut().pop_front().unwrap() };
        next_connection(&room, accept)
            .await
            .map(|(_, connection)| connection)
    }

    #[tokio::test(start_paused = true)]
    async fn lack_of_file_descriptors_is_waited_out_and_not_spun_on() {
        let started = Instant::now();
        let lack = || Err(io::Error::from_raw_os_error(TOO_MANY_OPEN_FILES));
        assert_eq!(accepted([lack(), lack()].into()).await.unwrap(), 7);
        assert_eq!(started.elapsed(), 2 * PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn client_that_went_away_costs_no_time() {
        let started = Instant::now();
        let gone = Err(io::ErrorKind::ConnectionAborted.into());
        assert_eq!(accepted([gone].into()).await.unwrap(), 7);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn listener_that_is_none_ends_it() {
        let broken = Err(io::ErrorKind::InvalidInput.into());
        assert!(accepted([broken].into()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_accepted_without_room() {
        let room = Arc::new(Semaphore::new(0));
        let accept = || async { Ok(7) };
        let next = next_connection(&room, accept);
        assert!(tokio::time::timeout(PAUSE, next).await.is_err());
    }
}
