//! Paths of files.

/// The text, if it can be a path.
pub(super) fn path(text: &str) -> Option<&str> {
    let fine = !text.trim().is_empty() && !text.chars().any(char::is_control);
    fine.then_some(text)
}

/// Whether a database can be in a file of that name. In memory, every connection would have its own database;
/// parameters could bypass the settings.
pub fn is_database_file(file: &str) -> bool {
    path(file).is_some() && !file.contains(['?', '#', '%']) && !file.contains(":memory:") && !file.ends_with('/')
}
