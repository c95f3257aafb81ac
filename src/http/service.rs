//! What handlers share: the app, and what bounds requests on their way in.

use std::sync::atomic::{AtomicBool, Ordering};

use super::client_limit::ClientLimiters;
use super::upload::Uploads;
use crate::app::App;
use crate::config::{Origin, ServiceConfig};

/// See the module's text.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part that the operator may switch")]
pub struct Service {
    pub app: App,
    pub uploads: Uploads,
    /// Whose pages may call the API.
    pub origins: Vec<Origin>,
    /// How often one client may.
    pub limiters: ClientLimiters,
    /// Whether there is a page for moderators.
    pub review_page: bool,
    /// Whether they have a page of insight.
    pub insight_page: bool,
    /// Whether people are offered to make fingerprints of their own photos.
    pub protect_page: bool,
    /// Whether HMA's interface is there.
    pub hma: bool,
    stopping: AtomicBool,
}

impl Service {
    /// A service over an open app, for no pages of other origins and without a limit of requests.
    #[must_use]
    pub fn new(app: App) -> Self {
        let uploads = Uploads::new(app.gate().clone(), app.fetcher().cloned());
        let (origins, limiters) = (Vec::new(), ClientLimiters::default());
        Self {
            app,
            uploads,
            origins,
            limiters,
            review_page: true,
            hma: false,
            insight_page: true,
            protect_page: true,
            stopping: AtomicBool::new(false),
        }
    }

    /// The same as the operator wants it.
    #[must_use]
    pub fn with_config(app: App, config: &ServiceConfig) -> Self {
        Self {
            limiters: ClientLimiters::new(config.requests_per_minute),
            origins: config.origins.clone(),
            review_page: config.review_page,
            hma: config.hma,
            // Its log-in is that of the other.
            insight_page: config.review_page && config.insight_page,
            protect_page: config.protect_page,
            ..Self::new(app)
        }
    }

    /// From now on the service is not ready: it is about to stop, and others should take its work.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it is about to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
