//! What is published of a draw, the format of its files, and how anybody checks it: with this module and SHA-256, and
//! without the server.
//!
//! `draw.json` is a [`PublishedDraw`]. `list-0.txt` has the list of group 0 as it was at the opening, a line of 32
//! hexadecimal digits a number, ascending; `ranks-0.txt` the rank that each of these numbers drew, in the same order.

use super::{Digest, DrawState, Group, Queue, QueueNumber, Ranks, commitment, list_digest, seed};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// What decides a draw, as far as it is published yet. Bytes are hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedDraw {
    /// The sale's id.
    pub sale: Uuid,
    /// SHA-256 of the secret.
    pub commitment: String,
    /// The public randomness that was named in advance; without one the operator could have tried secrets.
    pub round: Option<String>,
    /// How many each group's list has; `None` before the opening.
    pub counts: Option<Vec<u64>>,
    /// SHA-256 of each group's list; `None` before the opening.
    pub lists: Option<Vec<String>>,
    /// `None` until it is revealed.
    pub secret: Option<String>,
    /// What the round came to; `None` until it is revealed.
    pub value: Option<String>,
    /// SHA-256 of secret, value, counts and lists; `None` until it is revealed.
    pub seed: Option<String>,
}

/// What is published of one group, as its files have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedGroup {
    /// `list-0.txt`
    pub list: String,
    /// `ranks-0.txt`
    pub ranks: String,
}

/// Why a published draw can't be checked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotCheckable {
    /// Something is not revealed yet.
    #[error("there is no {0}: it is not revealed yet")]
    Hidden(&'static str),
    /// Something is not spelled as bytes are.
    #[error("{text:?} is not {digits} hexadecimal digits")]
    NotDigits {
        /// What was found.
        text: String,
        /// How many there should be.
        digits: usize,
    },
}

impl PublishedDraw {
    /// What may be published of a queue's draw; what decides it only with `reveal`.
    pub fn of(queue: &Queue, draw: &DrawState, digest: Digest, reveal: bool) -> Self {
        let known = draw.lists.as_ref();
        Self {
            sale: queue.sale.uuid(),
            commitment: hex::encode(commitment(digest, &draw.secret)),
            round: draw.round.clone(),
            counts: known.map(|_| queue.groups.iter().map(|group| group.drawn).collect()),
            lists: known.map(|lists| lists.iter().map(hex::encode).collect()),
            secret: reveal.then(|| hex::encode(draw.secret)),
            value: draw.value.clone().filter(|_| reveal),
            seed: draw.seed.as_ref().filter(|_| reveal).map(hex::encode),
        }
    }

    /// The groups whose files [`PublishedDraw::check`] wants, in this order.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        Group::all(self.counts.as_ref().map_or(0, Vec::len))
    }

    /// Computes everything again, and says what does not agree; nothing if all is right. `groups` are those of
    /// [`PublishedDraw::groups`], and in their order.
    pub fn check(&self, groups: &[PublishedGroup], digest: Digest) -> Result<Vec<String>, NotCheckable> {
        let secret = bytes::<32>(self.secret.as_deref().ok_or(NotCheckable::Hidden("secret"))?)?;
        let value = self.value.as_deref().ok_or(NotCheckable::Hidden("value"))?;
        let counts = self.counts.as_deref().ok_or(NotCheckable::Hidden("counts"))?;
        let lists = self.lists.as_deref().ok_or(NotCheckable::Hidden("lists"))?;
        let lists = lists.iter().map(|list| bytes::<32>(list)).collect::<Result<Vec<_>, _>>()?;

        let mut flaws = Vec::new();
        let mut unless = |fine: bool, flaw: String| flaws.extend((!fine).then_some(flaw));
        let committed = hex::encode(commitment(digest, &secret)) == self.commitment;
        unless(committed, "the secret is not the one that was committed to".to_owned());
        let decides = seed(digest, &secret, value, counts, &lists);
        let follows = self.seed.as_ref() == Some(&hex::encode(decides));
        unless(follows, "the seed does not follow from secret, value and lists".to_owned());
        unless(lists.len() == counts.len() && groups.len() == counts.len(), "not every group is there".to_owned());
        for (((group, count), known), files) in self.groups().zip(counts).zip(&lists).zip(groups) {
            let list = files.list.lines().map(bytes::<16>).collect::<Result<Vec<_>, _>>()?;
            let same = list.len() as u64 == *count && list_digest(digest, &list) == *known;
            unless(same, format!("the list of group {} is not the one that was drawn", group.get()));
            let drawn = files.ranks == ranks_text(digest, &decides, group, *count);
            unless(drawn, format!("the ranks of group {} do not follow from the seed", group.get()));
        }
        Ok(flaws)
    }
}

/// A list as its file has it.
pub fn list_text(list: &[[u8; 16]]) -> String {
    one_a_line(list.iter().map(hex::encode))
}

/// The ranks of a group's first `count` numbers, as their file has them.
pub fn ranks_text(digest: Digest, seed: &[u8; 32], group: Group, count: u64) -> String {
    let ranks = Ranks::draw(digest, seed, group, count);
    one_a_line((1..=count).filter_map(QueueNumber::new).map(|number| ranks.rank(number).get().to_string()))
}

fn one_a_line(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], NotCheckable> {
    let not_digits = || NotCheckable::NotDigits { text: text.to_owned(), digits: 2 * N };
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| not_digits())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn digest(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    fn draw() -> (PublishedDraw, PublishedGroup) {
        crate::testing::published_draw(digest)
    }

    #[test]
    fn what_was_changed_afterwards_is_found() {
        let (draw, group) = draw();
        assert_eq!(draw.check(std::slice::from_ref(&group), digest), Ok(vec![]));
        let finds = |draw: &PublishedDraw, group: PublishedGroup, flaw: &str| {
            let found = draw.check(&[group], digest).unwrap();
            assert!(found.iter().any(|found| found.starts_with(flaw)), "{found:?}");
        };
        let secret = Some(hex::encode([8; 32]));
        finds(&PublishedDraw { secret, ..draw.clone() }, group.clone(), "the secret");
        finds(&PublishedDraw { value: Some("beee".into()), ..draw.clone() }, group.clone(), "the seed");
        finds(&draw, PublishedGroup { list: group.list.replacen("0202", "0203", 1), ..group.clone() }, "the list");
        finds(&draw, PublishedGroup { ranks: group.ranks.replacen('1', "2", 1), ..group }, "the ranks");
        assert_eq!(draw.check(&[], digest), Ok(vec!["not every group is there".to_owned()]));
    }

    #[test]
    fn what_is_hidden_or_not_spelled_in_digits_can_not_be_checked() {
        let (draw, group) = draw();
        let hidden = PublishedDraw { secret: None, ..draw.clone() };
        assert_eq!(hidden.check(std::slice::from_ref(&group), digest), Err(NotCheckable::Hidden("secret")));
        for secret in ["", "07", "é7", &"+7".repeat(32)] {
            let flawed = PublishedDraw { secret: Some(secret.to_owned()), ..draw.clone() };
            let refused = flawed.check(std::slice::from_ref(&group), digest);
            assert!(matches!(refused, Err(NotCheckable::NotDigits { digits: 64, .. })), "{secret}");
        }
    }
}
