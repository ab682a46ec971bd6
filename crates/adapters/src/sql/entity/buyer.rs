//! A user in a sale.

use crate::sql::row::Reading;
use frontrow_domain::waiting_room::Place;
use frontrow_domain::{Buyer, BuyerKey, Ended, Instant, SaleId, Slot, UserId, Version};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "buyer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub admitted_until: Option<i64>,
    pub max_until: Option<i64>,
    pub generation: i64,
    pub spent: String,
    pub barred: i16,
    pub admitted_grp: Option<i16>,
    pub admitted_number: Option<i64>,
    pub ended: Option<i16>,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// As it is written.
pub const fn ended_code(ended: Ended) -> i16 {
    match ended {
        Ended::Paid => 1,
        Ended::Left => 2,
        Ended::Barred => 3,
        Ended::Expired => 4,
    }
}

/// What was written.
pub fn ended(code: i16) -> Option<Ended> {
    Ended::ALL.into_iter().find(|ended| ended_code(*ended) == code)
}

impl TryFrom<Model> for Buyer {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("buyer", format!("{}/{}", row.sale_id, row.user_id));
        let instant = Instant::from_micros;
        let slot = match (row.admitted_until, row.max_until) {
            (Some(until), Some(max_until)) => Some(Slot { until: instant(until), max_until: instant(max_until) }),
            (None, None) => None,
            _ => return Err(reading.error("half of a slot")),
        };
        let admitted_by = match (row.admitted_grp, row.admitted_number) {
            (Some(group), Some(number)) => {
                Some(Place { group: reading.group(group)?, number: reading.queue_number(number)? })
            }
            (None, None) => None,
            _ => return Err(reading.error("half of a place")),
        };
        let how = |code| ended(code).ok_or_else(|| reading.error(format!("nothing ends like {code}")));
        Ok(Self {
            key: BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) },
            slot,
            ended: row.ended.map(how).transpose()?,
            generation: reading.count(row.generation)?,
            spent: if row.spent.is_empty() { Default::default() } else { reading.text(&row.spent)? },
            admitted_by,
            barred: row.barred != 0,
            version: Version::new(row.version),
        })
    }
}
