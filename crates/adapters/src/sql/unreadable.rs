//! Rows that can't be read: in a list each of them is left out, so that it is in no other's way, and logged once.

use frontrow_application::port::StoreError;
use sea_orm::DbErr;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// What unreadable rows were logged as, by what was done and by row.
#[derive(Default)]
pub(in crate::sql) struct UnreadableRows(Mutex<BTreeMap<(&'static str, Uuid), Logged>>);

struct Logged {
    why: String,
    fault: StoreError,
}

impl UnreadableRows {
    /// What these rows say, and those that can't be read, each with its fault, which `fault` logs.
    pub(in crate::sql) fn read<R, T>(
        &self,
        name: &'static str,
        rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        fault: impl Fn(&DbErr) -> StoreError,
    ) -> (Vec<T>, Vec<(Uuid, StoreError)>)
    where
        T: TryFrom<R, Error = DbErr>,
    {
        let (mut read, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let id = id(&row);
            match T::try_from(row) {
                Ok(row) => {
                    known.remove(&(name, id));
                    read.push(row);
                }
                Err(error) => {
                    let why = error.to_string();
                    let logged = known.get(&(name, id)).filter(|logged| logged.why == why);
                    let fault = logged.map_or_else(|| fault(&error), |logged| logged.fault.clone());
                    known.insert((name, id), Logged { why, fault: fault.clone() });
                    unreadable.push((id, fault));
                }
            }
        }
        (read, unreadable)
    }
}
