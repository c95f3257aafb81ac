//! What handlers share: the app, and what bounds requests on their way in.

use super::upload::Uploads;
use crate::app::App;

/// See the module's text.
#[derive(Debug)]
pub struct Service {
    pub app: App,
    pub uploads: Uploads,
}

impl Service {
    /// A service over an open app.
    #[must_use]
    pub fn new(app: App) -> Self {
        let uploads = Uploads::new(app.gate().clone());
        Self { app, uploads }
    }
}
