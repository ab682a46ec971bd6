//! Repeatable random numbers.

/// A small generator (`SplitMix64`): the same seed, the same numbers.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `sides` - 1.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // The remainder's bias does not matter here, nor do the upper bits on a small machine.
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default() % sides.max(1)
    }

    /// One of the items.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.roll(items.len()))
    }

    /// Distinct numbers from 1 to `most`, in random order.
    pub(crate) fn numbers(&mut self, count: usize, most: u32) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::new();
        while numbers.len() < count.min(most as usize) {
            let number = 1 + u32::try_from(self.roll(most as usize)).unwrap_or_default();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }
}
