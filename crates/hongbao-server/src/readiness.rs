//! Is this node fit to be asked? `GET /ready`, on the doors of merchants and people, says so to a balancer. It is looked
//! into once a second, so that whoever asks costs nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hongbao_store::Store;
use serde_json::json;
use tokio::sync::watch;

use crate::platform::Platform;

/// How far the clock may be off the store's. Further, and certificates, keys and assertions are judged by a wrong time.
const DRIFT_MAX_MS: i64 = 2000;
const EVERY: Duration = Duration::from_secs(1);
const EVERY_AT_LEAST: Duration = Duration::from_secs(30);
/// How long the store may take to say what time it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a node is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// Nothing can be asked of the store, or nothing be written.
    #[error("the store can't be reached, or not be written")]
    StoreUnavailable,
    /// This machine and the store's don't agree on the time.
    #[error("this machine's clock is {0} ms off the store's: let both follow the same time server")]
    ClockWrong(i64),
    /// It takes no more calls.
    #[error("the platform is stopping")]
    Stopping,
}

/// Whether this node is ready now.
pub(crate) async fn judge<S: Store>(platform: &Platform<S>) -> Result<(), NotReady> {
    if !platform.is_open() {
        return Err(NotReady::Stopping);
    }
    let before = platform.clock.0.now().as_millis();
    let real = tokio::time::timeout(PATIENCE, platform.store.real_now()).await;
    let Ok(Ok(real)) = real else { return Err(NotReady::StoreUnavailable) };
    let after = platform.clock.0.now().as_millis();
    // The store looked at its clock between the two.
    match real.as_millis() {
        real if real > after + DRIFT_MAX_MS => Err(NotReady::ClockWrong(real - after)),
        real if real < before - DRIFT_MAX_MS => Err(NotReady::ClockWrong(before - real)),
        _ => Ok(()),
    }
}

/// Looks again and again, until `stop` says so.
pub(crate) async fn watch<S: Store>(platform: Arc<Platform<S>>, mut stop: watch::Receiver<bool>) {
    let mut pause = EVERY;
    loop {
        let asked = Instant::now();
        let now = judge(&platform).await;
        // A look that hangs stays behind in the database: then it is looked more seldom.
        pause = if asked.elapsed() < EVERY { EVERY } else { (pause * 2).min(EVERY_AT_LEAST) };
        platform.readiness.send_if_modified(|before| {
            let is_change = *before != now;
            match now {
                Err(why) if is_change => tracing::warn!(%why, "not ready"),
                Ok(()) if is_change => tracing::info!("ready again"),
                _ => {}
            }
            *before = now;
            is_change
        });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    let _ = platform.readiness.send_replace(Err(NotReady::Stopping));
}

/// `GET /ready`
pub(crate) async fn get<S: Store>(State(platform): State<Arc<Platform<S>>>) -> Response {
    match *platform.readiness.borrow() {
        Ok(()) => Json(json!({ "ready": true })).into_response(),
        Err(why) => {
            let answer = json!({ "ready": false, "why": why.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(answer)).into_response()
        }
    }
}
