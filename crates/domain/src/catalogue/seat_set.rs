//! A set of seats of one performance, a bit for each.

use super::SeatNumber;
use std::ops::Range;

/// Some seats of a performance. A hall of 50,000 seats takes 6 KB.
#[derive(Clone, Debug, Default)]
pub struct SeatSet {
    /// Bit n-1, the least significant first, is 1 if seat n is in it. There may be zeros at the end.
    bits: Vec<u8>,
}

impl SeatSet {
    /// Adds a seat; says whether it was not in it.
    pub fn insert(&mut self, seat: SeatNumber) -> bool {
        let (byte, bit) = place(seat.index());
        if self.bits.len() <= byte {
            self.bits.resize(byte + 1, 0);
        }
        let is_new = self.bits[byte] & bit == 0;
        self.bits[byte] |= bit;
        is_new
    }

    /// Takes a seat out; says whether it was in it.
    pub fn remove(&mut self, seat: SeatNumber) -> bool {
        let was_in = self.contains(seat);
        let (byte, bit) = place(seat.index());
        if let Some(byte) = self.bits.get_mut(byte) {
            *byte &= !bit;
        }
        was_in
    }

    /// Whether the seat is in it.
    pub fn contains(&self, seat: SeatNumber) -> bool {
        self.has(seat.index())
    }

    /// How many seats are in it.
    pub fn len(&self) -> u32 {
        self.bits.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Whether no seat is in it.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|byte| *byte == 0)
    }

    /// How many of its seats are not in `others`.
    pub fn count_without(&self, others: &Self) -> u32 {
        let others = others.bits.iter().chain(std::iter::repeat(&0));
        self.bits.iter().zip(others).map(|(byte, other)| (byte & !other).count_ones()).sum()
    }

    /// The seats of a hall of `seat_count` that are not in it: bit n-1, the least significant first, is 1 for seat n.
    pub fn others_of(&self, seat_count: u32) -> Vec<u8> {
        let bytes = seat_count.div_ceil(8) as usize;
        let mut others: Vec<u8> = self.bits.iter().take(bytes).map(|byte| !byte).collect();
        others.resize(bytes, u8::MAX);
        let beyond = bytes * 8 - seat_count as usize;
        if let Some(last) = others.last_mut() {
            *last &= u8::MAX >> beyond;
        }
        others
    }

    /// Whether the seat at that index, from 0, is in it.
    pub(crate) fn has(&self, index: usize) -> bool {
        let (byte, bit) = place(index);
        self.bits.get(byte).is_some_and(|byte| byte & bit != 0)
    }

    /// Whether all seats at these indices, from 0, are in it.
    pub(crate) fn has_all(&self, indices: &Range<usize>) -> bool {
        let mut index = indices.start;
        while index < indices.end {
            let (byte, bit) = place(index);
            // Eight at a time where they are all in it: most of a hall that is nearly sold out.
            if bit == 1 && index + 8 <= indices.end && self.bits.get(byte) == Some(&u8::MAX) {
                index += 8;
            } else if self.has(index) {
                index += 1;
            } else {
                return false;
            }
        }
        true
    }
}

/// The byte and the bit of the seat at that index, from 0.
const fn place(index: usize) -> (usize, u8) {
    (index / 8, 1 << (index % 8))
}

impl PartialEq for SeatSet {
    fn eq(&self, other: &Self) -> bool {
        let common = self.bits.len().min(other.bits.len());
        self.bits[..common] == other.bits[..common]
            && self.bits[common..].iter().chain(&other.bits[common..]).all(|byte| *byte == 0)
    }
}

impl Eq for SeatSet {}

impl FromIterator<SeatNumber> for SeatSet {
    fn from_iter<I: IntoIterator<Item = SeatNumber>>(seats: I) -> Self {
        let mut set = Self::default();
        set.extend(seats);
        set
    }
}

impl Extend<SeatNumber> for SeatSet {
    fn extend<I: IntoIterator<Item = SeatNumber>>(&mut self, seats: I) {
        for seat in seats {
            self.insert(seat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn seat(number: u32) -> SeatNumber {
        SeatNumber::new(number).unwrap()
    }

    proptest! {
        #[test]
        fn it_is_like_any_set(
            changes in proptest::collection::vec((1_u32..70, any::<bool>()), 0..200),
            others in proptest::collection::btree_set(1_u32..70, 0..40),
            range in (0_usize..70, 0_usize..70),
        ) {
            let (mut set, mut model) = (SeatSet::default(), BTreeSet::new());
            for (number, insert) in changes {
                if insert {
                    prop_assert_eq!(set.insert(seat(number)), model.insert(number));
                } else {
                    prop_assert_eq!(set.remove(seat(number)), model.remove(&number));
                }
            }
            prop_assert!((1..80).all(|number| set.contains(seat(number)) == model.contains(&number)));
            prop_assert_eq!((set.len() as usize, set.is_empty()), (model.len(), model.is_empty()));
            prop_assert_eq!(&set, &model.iter().map(|number| seat(*number)).collect::<SeatSet>());
            let others_set: SeatSet = others.iter().map(|number| seat(*number)).collect();
            prop_assert_eq!(set.count_without(&others_set) as usize, model.difference(&others).count());
            let range = range.0..range.1;
            let has_all = range.clone().all(|index| model.contains(&u32::try_from(index + 1).unwrap()));
            prop_assert_eq!(set.has_all(&range), has_all);
            for seat_count in [1, 8, 13, 64, 100] {
                let bits = set.others_of(seat_count);
                prop_assert_eq!(bits.len(), seat_count.div_ceil(8) as usize);
                for number in 1..=u32::try_from(bits.len() * 8).unwrap() {
                    let bit = bits[(number as usize - 1) / 8] >> ((number - 1) % 8) & 1;
                    prop_assert_eq!(bit == 1, number <= seat_count && !model.contains(&number));
                }
            }
        }
    }
}
