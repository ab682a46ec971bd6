//! What docs/mock.md says of the first world is what is in it.

use crate::house::House;
use frontrow_mock::MockSettings;
use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mock.md");
const BEGIN: &str = "<!-- world: made by a test -->\n";
const END: &str = "<!-- end of world -->";

#[actix_web::test]
async fn the_document_has_the_first_world() {
    let house = House::new().await;
    let shown = format!("\n```text\n{}```\n\n", house.stage.playbill());
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if written != shown && std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(DOCUMENT, format!("{before}{BEGIN}{shown}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(written, shown, "docs/mock.md: UPDATE_DOCS=1 cargo test -p frontrow-mock writes it again");
    let seed = format!("The seed is {}", MockSettings::DEFAULT_SEED);
    assert!(document.contains(&seed), "docs/mock.md does not say: {seed}");
}
