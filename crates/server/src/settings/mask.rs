//! What of a setting may be shown.

/// A URL without its password and its parameters, either of which can be a secret.
pub fn mask_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.contains('@') { "***".to_owned() } else { url.to_owned() };
    };
    let cut = |address: &str| address.split_once('?').map_or(address.to_owned(), |(path, _)| format!("{path}?***"));
    // A password may contain @ itself, so the last one ends it.
    match rest.rsplit_once('@') {
        Some((login, address)) => {
            let user = login.split([':', '?', '/']).next().unwrap_or_default();
            format!("{scheme}://{user}:***@{}", cut(address))
        }
        None => format!("{scheme}://{}", cut(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows() {
        assert_eq!(mask_url("sqlite://frontrow.sqlite"), "sqlite://frontrow.sqlite");
        assert_eq!(mask_url("mysql://root:s3cret@db:3306/frontrow"), "mysql://root:***@db:3306/frontrow");
        assert_eq!(mask_url("postgres://me:p@ss:w@rd@db/frontrow"), "postgres://me:***@db/frontrow");
        assert_eq!(mask_url("postgres://me:s3c?r/et@db/frontrow"), "postgres://me:***@db/frontrow");
        assert_eq!(mask_url("postgres://db/frontrow?password=s3cret"), "postgres://db/frontrow?***");
        assert_eq!(mask_url("postgres://db/frontrow?password=s3@cret"), "postgres://db:***@cret");
        assert_eq!(mask_url("me:s3cret@db"), "***");
    }
}
