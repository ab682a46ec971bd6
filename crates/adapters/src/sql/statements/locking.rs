//! How rows are read.

/// Whether rows are locked while they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Locking {
    None,
    Wait,
    /// Rows that somebody else has locked are passed over.
    Skip,
}
