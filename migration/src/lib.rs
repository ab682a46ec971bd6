//! The database schema, one step per file. It is the same on every database: ids are UUIDs, instants microseconds since
//! the epoch in a BIGINT. Until 0.1.0 steps may be rewritten.
//!
//! No table points to another by a foreign key: to insert a child takes a shared lock on its parent, and the parents
//! (performance, sale, user) are what everybody's commands have in common. The audit looks for orphans instead.
#![expect(elided_lifetimes_in_paths, reason = "an implementation has to elide what the trait elides")]

use sea_orm_migration::prelude::*;

mod alone;
mod m0001_users;
mod m0002_refresh_tokens;
mod m0003_venues;
mod m0004_concerts;
mod m0005_sales;
mod m0006_seats;
mod m0007_reservations;
mod m0008_wallets;
mod m0009_payments;
mod m0010_tickets;
mod m0011_idempotency_records;
mod m0012_queues;
mod m0013_admitted_by;
mod m0014_installation;
mod m0015_refund_reason;
mod m0016_charge_room;
mod m0017_sold_until;
mod m0018_chores;
mod m0019_live_reservations;
mod m0020_cancel_until;
mod m0021_cancelled_performances;
mod m0022_returned_seats;
mod m0023_concert_pages;
mod m0024_venue_addresses;
mod m0025_doors;
mod m0026_sessions;
mod m0029_mails;
mod state;
mod table;

pub use alone::migrate_alone;
pub use sea_orm_migration::MigratorTrait;
pub use state::{SchemaState, is_empty, newest_step, schema_state};

/// Takes a database from any older schema to this one.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_refresh_tokens::Migration),
            Box::new(m0003_venues::Migration),
            Box::new(m0004_concerts::Migration),
            Box::new(m0005_sales::Migration),
            Box::new(m0006_seats::Migration),
            Box::new(m0007_reservations::Migration),
            Box::new(m0008_wallets::Migration),
            Box::new(m0009_payments::Migration),
            Box::new(m0010_tickets::Migration),
            Box::new(m0011_idempotency_records::Migration),
            Box::new(m0012_queues::Migration),
            Box::new(m0013_admitted_by::Migration),
            Box::new(m0014_installation::Migration),
            Box::new(m0015_refund_reason::Migration),
            Box::new(m0016_charge_room::Migration),
            Box::new(m0017_sold_until::Migration),
            Box::new(m0018_chores::Migration),
            Box::new(m0019_live_reservations::Migration),
            Box::new(m0020_cancel_until::Migration),
            Box::new(m0021_cancelled_performances::Migration),
            Box::new(m0022_returned_seats::Migration),
            Box::new(m0023_concert_pages::Migration),
            Box::new(m0024_venue_addresses::Migration),
            Box::new(m0025_doors::Migration),
            Box::new(m0026_sessions::Migration),
            Box::new(m0029_mails::Migration),
        ]
    }
}
