//! Lists, a page at a time.

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// Items at most: 1 to [`PageRequest::MOST`].
    pub limit: u32,
    /// The last item of the page before, if there was one.
    pub after: Option<K>,
}

impl<K> PageRequest<K> {
    /// Items of one page.
    pub const MOST: u32 = 100;
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
    fn the_last_page_has_no_next() {
        assert_eq!(Page::of(vec![1, 2, 3], 2, |n| *n), Page { items: vec![1, 2], next: Some(2) });
        assert_eq!(Page::of(vec![1, 2], 2, |n| *n), Page { items: vec![1, 2], next: None });
    }
}
