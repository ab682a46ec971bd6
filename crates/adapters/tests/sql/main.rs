//! What is special to SQL.

mod store;
