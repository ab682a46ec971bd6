//! A user in a sale.

use super::{Guarded, Reading, written};
use frontrow_domain::waiting_room::QueueEntry;
use frontrow_domain::{AdmissionEnd, AdmissionPeriod, Buyer, BuyerKey, Instant, SaleId, UserId, Version};
use sea_orm::ActiveValue::{Set, Unchanged};
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
    pub used_numbers: String,
    pub barred: i16,
    pub admitted_group: Option<i16>,
    pub admitted_number: Option<i64>,
    pub ended: Option<i16>,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// As it is written.
pub const fn ended_code(ended: AdmissionEnd) -> i16 {
    match ended {
        AdmissionEnd::Paid => 1,
        AdmissionEnd::Left => 2,
        AdmissionEnd::Barred => 3,
        AdmissionEnd::Expired => 4,
    }
}

/// What was written.
pub fn ended(code: i16) -> Option<AdmissionEnd> {
    AdmissionEnd::ALL.into_iter().find(|ended| ended_code(*ended) == code)
}

impl TryFrom<Model> for Buyer {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let reading = Reading::of("buyer", format!("{}/{}", row.sale_id, row.user_id));
        let instant = Instant::from_micros;
        let admission = match (row.admitted_until, row.max_until) {
            (Some(until), Some(max_until)) => {
                Some(AdmissionPeriod { until: instant(until), max_until: instant(max_until) })
            }
            (None, None) => None,
            _ => return Err(reading.error("half of an admission")),
        };
        let admitted_by = match (row.admitted_group, row.admitted_number) {
            (Some(group), Some(number)) => {
                Some(QueueEntry { group: reading.group(group)?, number: reading.queue_number(number)? })
            }
            (None, None) => None,
            _ => return Err(reading.error("half of a queue entry")),
        };
        let how = |code| ended(code).ok_or_else(|| reading.error(format!("nothing ends like {code}")));
        Ok(Self {
            key: BuyerKey { sale: SaleId::new(row.sale_id), user: UserId::new(row.user_id) },
            admission,
            ended: row.ended.map(how).transpose()?,
            generation: reading.count(row.generation)?,
            used_numbers: if row.used_numbers.is_empty() {
                Default::default()
            } else {
                reading.text(&row.used_numbers)?
            },
            admitted_by,
            barred: row.barred != 0,
            version: Version::new(row.version),
        })
    }
}

impl Guarded for Entity {
    const GUARD: Column = Column::Version;
}

pub(crate) fn key(key: &BuyerKey) -> (Uuid, Uuid) {
    (key.sale.uuid(), key.user.uuid())
}

/// The numbers that are used up, as a JSON list; nothing if there are none, as in most sales.
fn used_numbers(buyer: &Buyer) -> String {
    let list = buyer.used_numbers.map(|number| number.to_string()).join(",");
    if buyer.used_numbers.iter().all(|number| *number == 0) { String::new() } else { format!("[{list}]") }
}

impl From<&Buyer> for ActiveModel {
    fn from(buyer: &Buyer) -> Self {
        Self {
            sale_id: Unchanged(buyer.key.sale.uuid()),
            user_id: Unchanged(buyer.key.user.uuid()),
            admitted_until: Set(buyer.admission.map(|admission| admission.until.micros())),
            max_until: Set(buyer.admission.map(|admission| admission.max_until.micros())),
            generation: Set(buyer.generation.into()),
            used_numbers: Set(used_numbers(buyer)),
            barred: Set(buyer.barred.into()),
            admitted_group: Set(buyer.admitted_by.map(|entry| entry.group.get().into())),
            admitted_number: Set(buyer.admitted_by.map(|entry| written(entry.number.get()))),
            ended: Set(buyer.ended.map(ended_code)),
            version: Set(buyer.version.get()),
        }
    }
}
