//! Files that are made once and copied for every test.

use std::ffi::OsString;
use std::path::PathBuf;
use std::{fs, io};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The files of a folder, once somebody has made them. Meant to be a `static`.
pub struct Template(OnceCell<Vec<(OsString, Vec<u8>)>>);

impl Template {
    /// Nothing is made yet.
    #[expect(clippy::new_without_default, reason = "a static is made by a constant function")]
    pub const fn new() -> Self {
        Self(OnceCell::const_new())
    }

    /// A new folder with a copy of the files. The first caller's `make` makes them, in a folder that is then empty, and has
    /// closed them when it returns.
    pub async fn copy<F, E>(&self, make: impl FnOnce(PathBuf) -> F) -> Result<TempDir, E>
    where
        F: Future<Output = Result<(), E>>,
        E: From<io::Error>,
    {
        let files = self.0.get_or_try_init(|| async {
            let directory = TempDir::new()?;
            make(directory.path().to_owned()).await?;
            let mut files = Vec::new();
            for entry in fs::read_dir(directory.path())? {
                let entry = entry?;
                files.push((entry.file_name(), fs::read(entry.path())?));
            }
            Ok::<_, E>(files)
        });
        let copy = TempDir::new()?;
        for (name, bytes) in files.await? {
            fs::write(copy.path().join(name), bytes)?;
        }
        Ok(copy)
    }
}
