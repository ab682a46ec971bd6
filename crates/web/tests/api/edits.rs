//! Every row of the table "What an edit may change" in `docs/api.md`: its edit is made, and each of its cells looked at.

mod performances;
mod sales;
mod stage;

use crate::description::Description;
use futures::future::LocalBoxFuture;
use stage::Cell;
use std::collections::BTreeSet;
use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");

/// What makes the edits of a row, and says which cells it has looked at.
struct Case {
    of: &'static str,
    fields: &'static [&'static str],
    walk: fn() -> LocalBoxFuture<'static, BTreeSet<Cell>>,
}

const CASES: [Case; 13] = [
    Case {
        of: "performance",
        fields: &["concert_id", "venue_id", "seat_map_version"],
        walk: || Box::pin(performances::what_it_is()),
    },
    Case { of: "performance", fields: &["starts_at"], walk: || Box::pin(performances::starts_at()) },
    Case { of: "performance", fields: &["doors_at"], walk: || Box::pin(performances::doors_at()) },
    Case { of: "performance", fields: &["sold_until"], walk: || Box::pin(performances::sold_until()) },
    Case { of: "performance", fields: &["give_back_until"], walk: || Box::pin(performances::give_back_until()) },
    Case { of: "performance", fields: &["prices"], walk: || Box::pin(performances::prices()) },
    Case { of: "sale", fields: &["name"], walk: || Box::pin(sales::name()) },
    Case { of: "sale", fields: &["performances"], walk: || Box::pin(sales::performances()) },
    Case { of: "sale", fields: &["opens", "closes"], walk: || Box::pin(sales::opens_and_closes()) },
    Case { of: "sale", fields: &["pay_until", "cancel_until"], walk: || Box::pin(sales::deadlines()) },
    Case { of: "sale", fields: &["limit_per_person"], walk: || Box::pin(sales::limit_per_person()) },
    Case { of: "sale", fields: &["hold_seconds"], walk: || Box::pin(sales::hold_seconds()) },
    Case { of: "sale", fields: &["waiting_room"], walk: || Box::pin(sales::waiting_room()) },
];

/// A row of the table.
#[derive(Debug)]
struct TableRow {
    of: String,
    fields: Vec<String>,
    /// Those that say something.
    cells: BTreeSet<Cell>,
}

/// The rows; what the first of them are of is said once.
fn rows() -> Vec<TableRow> {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (_, chapter) = document.split_once("#### What an edit may change\n").unwrap();
    let lines = chapter.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let mut of = String::new();
    let row = |line: &str| {
        let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [field, cells @ ..] = &columns[..] else { panic!("a row without cells: {line}") };
        assert_eq!(cells.len(), Cell::ALL.len(), "{line}");
        if let Some((owner, _)) = field.split_once(": ") {
            of = owner.to_owned();
        }
        let fields = field.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let says = Cell::ALL.into_iter().zip(cells).filter(|(_, text)| !text.is_empty());
        TableRow { of: of.clone(), fields, cells: says.map(|(cell, _)| cell).collect() }
    };
    // Without the head.
    lines.skip(2).map(row).collect()
}

#[test]
fn the_table_has_a_row_for_each_field_and_a_case_for_each_row() {
    let rows = rows();
    let description = Description::new();
    for (of, body) in [("performance", "PerformanceBody"), ("sale", "SaleBody")] {
        let (_, schema) = description.schemas().find(|(name, _)| *name == body).unwrap();
        let fields: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let told: Vec<&str> =
            rows.iter().filter(|row| row.of == of).flat_map(|row| &row.fields).map(String::as_str).collect();
        assert_eq!(told.len(), fields.len(), "each has one row: {told:?}");
        assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), fields, "{body}");
    }
    let tested: Vec<_> = CASES.iter().map(|case| (case.of, case.fields.to_vec())).collect();
    let told: Vec<_> =
        rows.iter().map(|row| (&*row.of, row.fields.iter().map(String::as_str).collect::<Vec<_>>())).collect();
    assert_eq!(told, tested, "the rows, and the cases that make their edits");
}

#[actix_web::test]
async fn every_cell_of_the_table_is_true() {
    for row in rows() {
        let of = |case: &&Case| case.of == row.of && row.fields.iter().eq(case.fields);
        let case = CASES.iter().find(of).unwrap_or_else(|| panic!("no case makes the edits of {row:?}"));
        println!("{} {:?}", case.of, case.fields);
        assert_eq!(
            (case.walk)().await,
            row.cells,
            "the cells of {:?} that were looked at, and those that speak",
            case.fields
        );
    }
}
