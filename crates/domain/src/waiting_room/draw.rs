//! The draw: in which order those come who were in the lobby when the sale opened. Anybody can compute it again from what
//! is published.

use super::{QueueNumber, Rank};
use crate::catalogue::Group;
use crate::id::{SaleId, UserId};
use serde::{Deserialize, Serialize};

/// SHA-256, which the caller brings along.
pub type Digest = fn(&[u8]) -> [u8; 32];

/// What a draw is made from, as far as it is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawState {
    /// Published as its [`commitment`] with the sale, and itself after the draw.
    pub secret: [u8; 32],
    /// The public randomness that was named in advance, such as a round of a beacon; none makes a weaker draw.
    pub round: Option<String>,
    /// By group, what [`list_digest`] says of the list at the opening.
    pub lists: Option<Vec<[u8; 32]>>,
    /// What the round came to, in hexadecimal digits; empty without a round.
    pub value: Option<String>,
    /// The seed that decides the order, once it is known.
    pub seed: Option<[u8; 32]>,
}

impl DrawState {
    /// Whether `next` keeps every value that is set, and has no seed before the lists are fixed.
    pub(super) fn is_kept_by(&self, next: &Self) -> bool {
        fn kept<T: PartialEq>(known: Option<&T>, next: Option<&T>) -> bool {
            known.is_none() || known == next
        }
        self.secret == next.secret
            && kept(self.lists.as_ref(), next.lists.as_ref())
            && kept(self.value.as_ref(), next.value.as_ref())
            && kept(self.seed.as_ref(), next.seed.as_ref())
            && (next.seed.is_none() || next.lists.is_some())
    }
}

/// The hash of the secret, published before the draw so that the secret can't be changed.
pub fn commitment(digest: Digest, secret: &[u8; 32]) -> [u8; 32] {
    digest(secret)
}

/// What stands in the published list for somebody: the first 16 bytes of a hash, which only they can recognize.
pub fn list_line(digest: Digest, sale: SaleId, user: UserId) -> [u8; 16] {
    let whole = digest(&[sale.uuid().as_bytes().as_slice(), user.uuid().as_bytes().as_slice()].concat());
    let mut line = [0; 16];
    line.copy_from_slice(&whole[..16]);
    line
}

/// The digest of a list: its lines by ascending number, one after the other.
pub fn list_digest(digest: Digest, lines: &[[u8; 16]]) -> [u8; 32] {
    digest(&lines.concat())
}

/// What decides: nobody knew all of its parts before the list was fixed.
pub fn seed(digest: Digest, secret: &[u8; 32], value: &str, counts: &[u64], lists: &[[u8; 32]]) -> [u8; 32] {
    let mut text = secret.to_vec();
    text.extend_from_slice(value.as_bytes());
    for count in counts {
        text.extend_from_slice(&count.to_be_bytes());
    }
    for list in lists {
        text.extend_from_slice(list);
    }
    digest(&text)
}

/// The ranks of a group: drawn for those of the lobby, and the number itself for all who came later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranks(Vec<u32>);

impl Ranks {
    /// Numbers of one group that can be drawn.
    pub const MAX: u64 = 50_000_000;

    /// Sorts 1 to `count` by SHA-256(seed, group, number).
    pub fn draw(digest: Digest, seed: &[u8; 32], group: Group, count: u64) -> Self {
        let count = u32::try_from(count.min(Self::MAX)).unwrap_or(u32::MAX);
        let lot = |number: u32| {
            let mut text = [0; 41];
            text[..32].copy_from_slice(seed);
            text[32] = group.get();
            text[33..].copy_from_slice(&u64::from(number).to_be_bytes());
            digest(&text)
        };
        // What most of them differ in: of a million lots, all whole would take twice the memory.
        let beginning = |lot: [u8; 32]| lot.iter().take(8).fold(0, |begun, byte| begun << 8 | u64::from(*byte));
        let mut lots: Vec<(u64, u32)> = (1..=count).map(|number| (beginning(lot(number)), number)).collect();
        lots.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| lot(one.1).cmp(&lot(other.1))));
        let mut ranks = vec![0; lots.len()];
        for (rank, (_, number)) in (1..).zip(lots) {
            ranks[number as usize - 1] = rank;
        }
        Self(ranks)
    }

    /// The rank of a number.
    pub fn rank(&self, number: QueueNumber) -> Rank {
        let drawn = usize::try_from(number.get() - 1).ok().and_then(|index| self.0.get(index));
        drawn.map_or(Rank::new(number.get()), |rank| Rank::new(u64::from(*rank)))
    }
}
