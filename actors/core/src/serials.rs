//! What is kept of the instances of one process, by serial. A list in the order of the serials: most processes have one
//! instance, and a tree of them would cost each of a thousand processes more than all else that is known of it. Owns
//! that order; knows nothing of what it keeps.

/// Values by serial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serials<T>(Vec<(u32, T)>);

impl<T> Default for Serials<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Serials<T> {
    /// Nothing, with room for this many.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Where it stands, or would. While nothing was taken out, a serial is the place.
    fn place(&self, serial: u32) -> Result<usize, usize> {
        let likely = serial as usize;
        match self.0.get(likely) {
            Some((found, _)) if *found == serial => Ok(likely),
            _ => self.0.binary_search_by_key(&serial, |(found, _)| *found),
        }
    }

    /// Keeps a value; gives the one that had this serial.
    pub fn insert(&mut self, serial: u32, value: T) -> Option<T> {
        match self.place(serial) {
            Ok(place) => self.0.get_mut(place).map(|(_, old)| std::mem::replace(old, value)),
            Err(place) => {
                if self.0.is_empty() {
                    self.0.reserve_exact(1); // a first insert would make room for four
                }
                self.0.insert(place, (serial, value));
                None
            }
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, serial: u32) -> Option<T> {
        self.place(serial).ok().map(|place| self.0.remove(place).1)
    }

    /// The value of this serial.
    #[must_use]
    pub fn get(&self, serial: u32) -> Option<&T> {
        self.place(serial).ok().and_then(|place| self.0.get(place)).map(|(_, value)| value)
    }

    /// The value of this serial, to change.
    pub fn get_mut(&mut self, serial: u32) -> Option<&mut T> {
        self.place(serial).ok().and_then(|place| self.0.get_mut(place)).map(|(_, value)| value)
    }

    /// All serials, in order.
    pub fn keys(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().map(|(serial, _)| *serial)
    }

    /// All values, in the order of their serials.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    /// All values, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_a_map_whatever_comes_and_goes() {
        let (mut list, mut map) = (Serials::with_capacity(1), BTreeMap::new());
        // Every serial below 8 in an order that is not theirs, some twice, some taken out and put back.
        for step in 0_u32..200 {
            let serial = (step * 5 + step / 7) % 8;
            if step % 3 == 0 {
                assert_eq!(list.remove(serial), map.remove(&serial), "step {step}");
            } else {
                assert_eq!(list.insert(serial, step), map.insert(serial, step), "step {step}");
            }
            assert!(list.keys().eq(map.keys().copied()) && list.values().eq(map.values()), "step {step}");
            for serial in 0..8 {
                assert_eq!(list.get(serial), map.get(&serial));
                assert_eq!(list.get_mut(serial), map.get_mut(&serial));
            }
        }
        list.clear();
        assert_eq!(list, Serials::default());
    }
}
