//! What a world may lack.

/// A part of a world that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// [`Fixture::catalogue`](crate::Fixture::catalogue).
    Catalogue,
    /// [`Fixture::accounts`](crate::Fixture::accounts).
    Accounts,
    /// [`Fixture::keeping`](crate::Fixture::keeping).
    Keeping,
    /// [`Fixture::queues`](crate::Fixture::queues).
    Queues,
    /// [`Fixture::seat_snapshots`](crate::Fixture::seat_snapshots).
    SeatSnapshots,
    /// [`QueuePorts::leases`](crate::QueuePorts::leases).
    Leases,
    /// [`QueuePorts::lose_numbers`](crate::QueuePorts::lose_numbers).
    LostNumbers,
    /// [`Fixture::lose_next_commit`](crate::Fixture::lose_next_commit).
    LostCommits,
    /// [`Fixture::announces`](crate::Fixture::announces).
    Announcements,
    /// [`Fixture::durability`](crate::Fixture::durability): the data end with the process.
    Durability,
}
