//! Figures of requests, by route, method and status.

use metrics::{Key, Label, Level, Metadata};
use std::borrow::Cow;
use std::cell::RefCell;

/// The names of one worker's figures, by the number of the address: to make them takes longer than to count.
#[derive(Default)]
pub(crate) struct Figures(RefCell<Vec<Vec<Figure>>>);

/// The figures of requests with one route, method and status.
pub(crate) struct Figure {
    method: &'static str,
    status: u16,
    total: Key,
    seconds: Key,
}

impl Figure {
    pub fn new(route: Cow<'static, str>, method: &'static str, status: u16) -> Self {
        let labels = vec![Label::new("method", method), Label::new("route", route)];
        let with_status = [&labels[..], &[Label::new("status", status.to_string())]].concat();
        Self {
            method,
            status,
            total: Key::from_parts("frontrow_requests_total", with_status),
            seconds: Key::from_parts("frontrow_request_seconds", labels),
        }
    }

    pub fn count(&self, seconds: f64) {
        const ABOUT: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
        metrics::with_recorder(|recorder| {
            recorder.register_counter(&self.total, &ABOUT).increment(1);
            recorder.register_histogram(&self.seconds, &ABOUT).record(seconds);
        });
    }
}

impl Figures {
    /// Counts a request to the address of that number. There are as many figures as an address has methods and statuses,
    /// which no client can make up.
    pub fn count(&self, number: usize, route: &'static str, method: &'static str, status: u16, seconds: f64) {
        let mut all = self.0.borrow_mut();
        if all.len() <= number {
            all.resize_with(number + 1, Vec::new);
        }
        let figures = &mut all[number];
        let known = figures.iter().position(|figure| figure.method == method && figure.status == status);
        let place = known.unwrap_or_else(|| {
            figures.push(Figure::new(route.into(), method, status));
            figures.len() - 1
        });
        figures[place].count(seconds);
    }
}
