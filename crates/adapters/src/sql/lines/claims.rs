//! Claims: who is called comes to the door, or is seen there again. They touch no row that anybody else's claim does.

use super::desk::{Work, Works, end};
use crate::sql::entity::{buyer, door};
use crate::sql::store::shape::buyer_key;
use crate::sql::store::statement::Failure;
use crate::sql::store::write::whole;
use crate::sql::transaction::Connection;
use frontrow_domain::waiting_room::{Claim, Claimed};
use frontrow_domain::{Buyer, BuyerKey};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};

/// Takes claims; each with whether its call has lapsed.
#[derive(Clone)]
pub(super) struct Claims;

impl Work for Claims {
    type Asked = (Claim, bool);
    type Answer = Claimed;
    const NAME: &'static str = "claim";
    const MOST: usize = 256;

    async fn serve(
        &self,
        works: &Works,
        connection: &Connection,
        asked: &[(Claim, bool)],
    ) -> Result<Vec<Claimed>, Failure> {
        let statements = works.statements();
        statements.before("begin")?;
        let transaction = connection.begin().await?;
        let claimed = claim(works, &*transaction, asked).await;
        end(&statements, transaction, claimed).await
    }
}

async fn claim(
    works: &Works,
    connection: &impl ConnectionTrait,
    asked: &[(Claim, bool)],
) -> Result<Vec<Claimed>, Failure> {
    let mut door = Door::read(works, connection, asked).await?;
    let claimed = asked.iter().map(|(claim, lapsed)| door.claim(claim, *lapsed)).collect();
    door.write(works, connection).await?;
    Ok(claimed)
}

/// What is known of those who claim.
struct Door {
    /// `None` stands for a row that holds but a place.
    buyers: BTreeMap<BuyerKey, Option<Buyer>>,
    claims: BTreeMap<BuyerKey, Claim>,
    changed: BTreeSet<BuyerKey>,
}

impl Door {
    /// Without locks: a row that a tick changes meanwhile is found as it will be by the next claim.
    async fn read(works: &Works, connection: &impl ConnectionTrait, asked: &[(Claim, bool)]) -> Result<Self, Failure> {
        let (statements, texts) = (works.statements(), &works.texts);
        let keys: BTreeSet<BuyerKey> = asked.iter().map(|(claim, _)| claim.key).collect();
        let keys: Vec<_> = keys.iter().map(buyer_key).collect();
        let mut known = Self { buyers: BTreeMap::new(), claims: BTreeMap::new(), changed: BTreeSet::new() };
        for row in statements.read::<buyer::Entity>(connection, &texts.buyers, keys.clone()).await? {
            let is_place = row.version == 0;
            let buyer: Buyer = row.try_into()?;
            known.buyers.insert(buyer.key, (!is_place).then_some(buyer));
        }
        for row in statements.read::<door::Entity>(connection, &texts.claims, keys).await? {
            let claim: Claim = row.try_into()?;
            known.claims.insert(claim.key, claim);
        }
        Ok(known)
    }

    fn claim(&mut self, claim: &Claim, lapsed: bool) -> Claimed {
        let buyer = self.buyers.get(&claim.key).and_then(Option::as_ref);
        if let Some(known) = Claimed::by(buyer, claim.group, claim.number, claim.seen_at) {
            return known;
        }
        let Some(stands) = claim.after(self.claims.get(&claim.key), lapsed) else { return Claimed::Lapsed };
        self.claims.insert(claim.key, stands);
        self.changed.insert(claim.key);
        Claimed::AtDoor
    }

    /// The buyers' rows first, so that ticks find them; each kind by ascending key.
    async fn write(&self, works: &Works, connection: &impl ConnectionTrait) -> Result<(), Failure> {
        let (statements, texts) = (works.statements(), &works.texts);
        if let Some(places) = &texts.base.places {
            let missing = self.changed.iter().filter(|key| !self.buyers.contains_key(*key)).map(buyer_key).collect();
            statements.execute(connection, &places.buyers, missing).await?;
        }
        let changed: Vec<Claim> = self.changed.iter().filter_map(|key| self.claims.get(key)).copied().collect();
        statements.execute(connection, &texts.put_claims, whole(&changed)?).await?;
        Ok(())
    }
}
