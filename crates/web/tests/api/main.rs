//! The whole API on the in-memory adapters: what it promises, what it refuses, and its description.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod ask;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod best;
#[cfg(test)]
mod bookable;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod browse;
#[cfg(test)]
mod cancellations;
#[cfg(test)]
mod charges;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod concerts;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod crowded;
#[cfg(test)]
mod description;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod editing;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod good;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod manners;
#[cfg(test)]
mod moments;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod operating;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod passes;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod polls;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod promise;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod reservations;
#[cfg(test)]
mod returns;
#[cfg(test)]
mod seen;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod stalled;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod theatre;
#[cfg(test)]
mod timely;
#[cfg(test)]
mod times;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod unsold_seats;
#[cfg(test)]
mod verification;
#[cfg(test)]
mod wallet;
