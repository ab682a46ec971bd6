//! Figures of requests, by route, method and status.

use metrics::{Key, Label, Level, Metadata};
use parking_lot::RwLock;
use std::borrow::Cow;
use std::sync::Arc;

/// The names of one address's figures, by method and status: to make them takes longer than to count.
#[derive(Default)]
pub(crate) struct Figures(RwLock<Vec<Figure>>);

/// The figures of requests with one route, method and status.
#[derive(Clone)]
pub(crate) struct Figure {
    method: &'static str,
    status: u16,
    total: Arc<Key>,
    seconds: Arc<Key>,
}

impl Figure {
    pub fn new(route: Cow<'static, str>, method: &'static str, status: u16) -> Self {
        let labels = vec![Label::new("method", method), Label::new("route", route)];
        let with_status = [&labels[..], &[Label::new("status", status.to_string())]].concat();
        Self {
            method,
            status,
            total: Key::from_parts("frontrow_requests_total", with_status).into(),
            seconds: Key::from_parts("frontrow_request_seconds", labels).into(),
        }
    }

    pub fn count(&self, seconds: Option<f64>) {
        const ABOUT: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
        metrics::with_recorder(|recorder| {
            recorder.register_counter(&self.total, &ABOUT).increment(1);
            if let Some(seconds) = seconds {
                recorder.register_histogram(&self.seconds, &ABOUT).record(seconds);
            }
        });
    }
}

impl Figures {
    /// There are as many as an address has methods and statuses, which no client can make up.
    pub fn get(&self, route: &'static str, method: &'static str, status: u16) -> Figure {
        let known = |figures: &[Figure]| figures.iter().find(|f| f.method == method && f.status == status).cloned();
        if let Some(figure) = known(&self.0.read()) {
            return figure;
        }
        let figure = Figure::new(route.into(), method, status);
        self.0.write().push(figure.clone());
        figure
    }
}
