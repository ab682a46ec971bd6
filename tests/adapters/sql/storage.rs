//! What cannot be kept: COMMITs that fail, and storage that is full.

mod acts;
mod commits;
mod disks;
mod full;
