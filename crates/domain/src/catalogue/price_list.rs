//! What a seat costs. All prices come from here, none from a client.

use super::SeatNumber;
use crate::money::Points;
use crate::text::composed;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The prices of a performance: a list price per tier, a discount per price type, a fee per seat, and the tax in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    /// What the seats cost, by the tier that the seat map gives them.
    pub tiers: Vec<Tier>,
    /// Who pays what share of it; the first is what a buyer gets who names none.
    pub types: Vec<PriceType>,
    /// Added to every seat that is not free.
    pub fee: Points,
    /// The share of tax that the price contains, in hundredths of a percent (1000 is 10 %); shown, never added.
    pub tax_basis_points: u32,
}

/// A price tier, such as `R` for the seats in front.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Code of the tier, as in the seat map.
    pub code: String,
    /// Text for people, on the seat map and on tickets.
    pub name: String,
    /// List price of one seat, without discount and fee.
    pub list_price: Points,
}

/// A price type, such as `adult` or `child`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceType {
    /// Code of the price type, which a request names.
    pub code: String,
    /// Text for people, on the seat map and on tickets.
    pub name: String,
    /// In percent of the list price, rounded down to a whole point; 100 makes the seat free.
    pub discount_percent: u32,
}

/// One seat of a reservation and what it costs. Fixed when the seat is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// The seat.
    pub seat: SeatNumber,
    /// Its tier's code.
    pub tier: String,
    /// The price type's code.
    #[serde(rename = "type")]
    pub price_type: String,
    /// List price, before discount and fee.
    pub list_price: Points,
    /// Discount, taken off the list price.
    pub discount: Points,
    /// Fee, added to the price.
    pub fee: Points,
    /// Tax that `paid` contains.
    pub tax: Points,
    /// `list_price - discount + fee`.
    pub paid: Points,
}

impl LineItem {
    /// A line item that costs nothing.
    pub fn free(seat: SeatNumber, tier: &str, price_type: &str) -> Self {
        Self {
            seat,
            tier: tier.to_owned(),
            price_type: price_type.to_owned(),
            list_price: Points::ZERO,
            discount: Points::ZERO,
            fee: Points::ZERO,
            tax: Points::ZERO,
            paid: Points::ZERO,
        }
    }

    /// The same for another seat.
    #[must_use]
    pub fn of_seat(&self, seat: SeatNumber) -> Self {
        Self { seat, ..self.clone() }
    }
}

impl PriceList {
    /// Points of a list price or a fee: 0 to 1,000,000,000. 50 seats of it stay far below [`Points::MAX`].
    pub const MAX_PRICE: i64 = 1_000_000_000;
    /// Tiers, and price types, of one list: 50 each.
    pub const MAX_ENTRIES: usize = 50;
    /// Characters of a price type's code: 16.
    pub const MAX_TYPE: usize = 16;
    /// Characters of the name of a tier or a price type: 100.
    pub const LONGEST_NAME: usize = 100;
    /// Hundredths of a percent of tax: 10,000, which is 100 percent.
    pub const MAX_TAX: u32 = 10_000;
    /// Percent of a discount: 100.
    pub const MAX_DISCOUNT: u32 = 100;

    /// What the seat costs for that type of buyer, the first type if none is named. `None` if the list lacks the tier
    /// or the type.
    pub fn line_item(&self, seat: SeatNumber, tier: &str, price_type: Option<&str>) -> Option<LineItem> {
        let tier = self.tiers.iter().find(|t| t.code == tier)?;
        let price_type = match price_type {
            Some(code) => self.types.iter().find(|t| t.code == code)?,
            None => self.types.first()?,
        };
        let discount = tier.list_price.share(price_type.discount_percent, 100)?;
        let net = tier.list_price.checked_sub(discount)?;
        let fee = if net.is_zero() { Points::ZERO } else { self.fee };
        let paid = net.checked_add(fee)?;
        Some(LineItem {
            seat,
            tier: tier.code.clone(),
            price_type: price_type.code.clone(),
            list_price: tier.list_price,
            discount,
            fee,
            tax: paid.share(self.tax_basis_points, Self::MAX_TAX + self.tax_basis_points)?,
            paid,
        })
    }

    /// Says everything that is wrong with the list, given the tiers that the seats have.
    pub fn check<'a>(&self, seat_tiers: impl IntoIterator<Item = &'a str>) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        self.check_tiers(&mut flaws);
        self.check_types(&mut flaws);
        flaws.check_range(self.fee.amount(), 0..=Self::MAX_PRICE, "", "/prices/fee");
        flaws.check_range(self.tax_basis_points, 0..=Self::MAX_TAX, "", "/prices/tax_basis_points");
        for code in seat_tiers {
            if !self.tiers.iter().any(|tier| tier.code == code) {
                flaws.add("/prices/tiers", "missing", format!("the seat map has seats of tier {code}"));
            }
        }
        flaws.into_result()
    }

    /// The list with its names in NFC, as it is kept.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        let names = self.tiers.iter_mut().map(|tier| &mut tier.name);
        for name in names.chain(self.types.iter_mut().map(|price_type| &mut price_type.name)) {
            *name = composed(name).into_owned();
        }
        self
    }

    fn check_tiers(&self, flaws: &mut Violations) {
        let count = self.tiers.len();
        flaws.check_range(count, 1..=Self::MAX_ENTRIES, "tiers", "/prices/tiers");
        let mut codes = BTreeSet::new();
        for (index, tier) in self.tiers.iter().enumerate() {
            let at = format!("/prices/tiers/{index}");
            flaws.check_code(&tier.code, crate::SeatMap::MAX_TIER, &format!("{at}/code"));
            flaws.unless(codes.insert(&tier.code), &format!("{at}/code"), "duplicate", "a code of its own");
            flaws.check_text(&tier.name, Self::LONGEST_NAME, &format!("{at}/name"));
            flaws.check_range(tier.list_price.amount(), 0..=Self::MAX_PRICE, "", &format!("{at}/list_price"));
        }
    }

    fn check_types(&self, flaws: &mut Violations) {
        let count = self.types.len();
        flaws.check_range(count, 1..=Self::MAX_ENTRIES, "price types", "/prices/types");
        let mut codes = BTreeSet::new();
        for (index, price_type) in self.types.iter().enumerate() {
            let at = format!("/prices/types/{index}");
            flaws.check_code(&price_type.code, Self::MAX_TYPE, &format!("{at}/code"));
            flaws.unless(codes.insert(&price_type.code), &format!("{at}/code"), "duplicate", "a code of its own");
            flaws.check_text(&price_type.name, Self::LONGEST_NAME, &format!("{at}/name"));
            let at = format!("{at}/discount_percent");
            flaws.check_range(price_type.discount_percent, 0..=Self::MAX_DISCOUNT, "", &at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{points, price_list, price_type, tier};

    fn list() -> PriceList {
        price_list()
            .tiers(vec![tier("R", 99_999)])
            .types(vec![price_type("adult", 0), price_type("child", 50), price_type("guest", 100)])
            .fee(points(1_000))
            .tax_basis_points(1_000)
            .build()
    }

    #[test]
    fn a_line_item_adds_up() {
        let line_item = list().line_item(SeatNumber::FIRST, "R", Some("child")).unwrap();
        assert_eq!(
            (line_item.list_price, line_item.discount, line_item.fee),
            (points(99_999), points(49_999), points(1_000))
        );
        assert_eq!((line_item.paid, line_item.tax), (points(51_000), points(4_636)));
    }

    #[test]
    fn who_names_no_type_pays_the_first_and_what_is_free_has_no_fee() {
        assert_eq!(list().line_item(SeatNumber::FIRST, "R", None).unwrap().price_type, "adult");
        assert_eq!(list().line_item(SeatNumber::FIRST, "R", Some("guest")).unwrap().paid, Points::ZERO);
        assert_eq!(list().line_item(SeatNumber::FIRST, "S", None), None);
        assert_eq!(list().line_item(SeatNumber::FIRST, "R", Some("senior")), None);
    }

    #[test]
    fn every_tier_of_the_seat_map_needs_a_price() {
        assert_eq!(list().check(["R"]), Ok(()));
        let Err(Invalid(flaws)) = list().check(["R", "S"]) else { panic!("S has no price") };
        assert_eq!((flaws[0].pointer.as_str(), flaws[0].code), ("/prices/tiers", "missing"));
    }

    #[test]
    fn a_list_says_everything_that_is_wrong_with_it() {
        let mut bad = list();
        bad.tiers.push(Tier { code: "R".into(), name: " ".into(), list_price: points(PriceList::MAX_PRICE + 1) });
        bad.types[1].discount_percent = 101;
        bad.tax_basis_points = 10_001;
        let Err(Invalid(flaws)) = bad.check([]) else { panic!("the list is wrong") };
        let found: Vec<_> = flaws.iter().map(|flaw| flaw.pointer.as_str()).collect();
        let expected = [
            "/prices/tiers/1/code",
            "/prices/tiers/1/name",
            "/prices/tiers/1/list_price",
            "/prices/types/1/discount_percent",
            "/prices/tax_basis_points",
        ];
        assert_eq!(found, expected);
    }
}
