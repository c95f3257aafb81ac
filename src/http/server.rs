//! Serving connections: with a time for headers to arrive, and an end.
//!
//! A client that sends half a header and then nothing would hold its connection for ever, and a
//! service asked to stop would wait for it. So headers have a deadline, and so has the finishing of
//! what was accepted. A connection that fails is the client's affair.

use std::pin::pin;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// Time for the header of a request to arrive.
const HEADER_MAX: Duration = Duration::from_secs(10);
/// Time for finishing what was accepted, a little more than the work on a photo may take. A photo
/// that comes so slowly that it takes longer is cut off.
const DRAIN_MAX: Duration = Duration::from_secs(70);
/// After a failed accept (out of file handles, say) before the next.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves until `stop` is done, then finishes what was accepted.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut builder = Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    http1.timer(TokioTimer::new()).header_read_timeout(HEADER_MAX);
    // A client that has sent all may close its half and wait. One that went away altogether looks
    // the same until it is answered, so its photo is checked for nobody.
    http1.half_close(true);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let routes = router.clone().layer(Extension(ConnectInfo(address)));
        let service = TowerToHyperService::new(routes);
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_MAX, connections.shutdown()).await.is_err() {
        tracing::warn!("stopped before everything that was accepted was finished");
    }
}
