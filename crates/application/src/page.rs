//! Lists, a page at a time.

use thiserror::Error;

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest<K> {
    /// Items at most: 1 to [`PageRequest::MAX`].
    pub limit: u32,
    /// The last item of the page before, if there was one.
    pub after: Option<K>,
}

/// A page has no items, or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("1 to {} items", PageRequest::<()>::MAX)]
pub struct LimitOutOfRange;

impl<K> PageRequest<K> {
    /// Items of one page at most: 100.
    pub const MAX: u32 = 100;

    /// `limit` is 1 to [`PageRequest::MAX`] items; `after` is the last item of the page before, if there was one.
    pub fn new(limit: u32, after: Option<K>) -> Result<Self, LimitOutOfRange> {
        if (1..=Self::MAX).contains(&limit) { Ok(Self { limit, after }) } else { Err(LimitOutOfRange) }
    }

    /// As many items as a page may have.
    pub const fn longest(after: Option<K>) -> Self {
        Self { limit: Self::MAX, after }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to ask with for the next page; `None` if this is the last one.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Makes a page of what was read with a limit of one more than was asked for.
    pub fn of(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(key) } else { None };
        Self { items, next }
    }

    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U, K> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_100_items() {
        for (limit, fits) in [(0, false), (1, true), (100, true), (101, false), (u32::MAX, false)] {
            assert_eq!(PageRequest::<()>::new(limit, None).is_ok(), fits, "{limit}");
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        assert_eq!(Page::of(vec![1, 2, 3], 2, |n| *n), Page { items: vec![1, 2], next: Some(2) });
        assert_eq!(Page::of(vec![1, 2], 2, |n| *n), Page { items: vec![1, 2], next: None });
    }
}
