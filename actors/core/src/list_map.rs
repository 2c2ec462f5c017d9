//! A map that is a list in the order of its keys: for what is kept of each process or instance. Keys are given in rising
//! order, so a new one comes last, and most stand where their number says. A tree would be half empty then, and one for
//! the instances of each process would cost more than all else that is known of it. Owns that order; knows nothing of
//! what it keeps.

use crate::ids::{InstanceId, ProcessId};

/// What values are kept by.
pub trait Key: Copy + Ord {
    /// The place of its value, while none was taken out.
    fn likely(self) -> usize;
}

impl Key for u32 {
    fn likely(self) -> usize {
        self as usize
    }
}

impl Key for ProcessId {
    fn likely(self) -> usize {
        self.0.likely()
    }
}

impl Key for InstanceId {
    /// As it is where each process has one.
    fn likely(self) -> usize {
        self.process.likely()
    }
}

/// Values by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListMap<K, T>(Vec<(K, T)>);

/// What is kept of the instances of one process, by serial.
pub type Serials<T> = ListMap<u32, T>;

impl<K, T> Default for ListMap<K, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Key, T> ListMap<K, T> {
    /// Nothing, with room for this many.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Where it stands, or would.
    fn place(&self, key: K) -> Result<usize, usize> {
        let likely = key.likely();
        match self.0.get(likely) {
            Some((found, _)) if *found == key => Ok(likely),
            _ => self.0.binary_search_by_key(&key, |(found, _)| *found),
        }
    }

    /// Keeps a value; gives the one that had this key.
    pub fn insert(&mut self, key: K, value: T) -> Option<T> {
        match self.place(key) {
            Ok(place) => self.0.get_mut(place).map(|(_, old)| std::mem::replace(old, value)),
            Err(place) => {
                if self.0.is_empty() {
                    self.0.reserve_exact(1); // a first insert would make room for four
                }
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: K) -> Option<T> {
        self.place(key).ok().map(|place| self.0.remove(place).1)
    }

    /// The value of this key.
    #[must_use]
    pub fn get(&self, key: K) -> Option<&T> {
        self.place(key).ok().and_then(|place| self.0.get(place)).map(|(_, value)| value)
    }

    /// The value of this key, to change.
    pub fn get_mut(&mut self, key: K) -> Option<&mut T> {
        self.place(key).ok().and_then(|place| self.0.get_mut(place)).map(|(_, value)| value)
    }

    /// All with their keys, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (K, &T)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = K> + '_ {
        self.0.iter().map(|(key, _)| *key)
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> + Clone {
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
            assert!(list.iter().eq(map.iter().map(|(key, value)| (*key, value))), "step {step}");
            assert!(list.keys().eq(map.keys().copied()) && list.values().eq(map.values()), "step {step}");
            for serial in 0..8 {
                assert_eq!(list.get(serial), map.get(&serial));
                assert_eq!(list.get_mut(serial), map.get_mut(&serial));
            }
        }
        list.clear();
        assert_eq!(list, Serials::default());
    }

    #[test]
    fn instances_stand_in_the_order_of_their_processes() {
        let id = |process, serial| InstanceId { process: ProcessId(process), serial };
        let mut list = ListMap::default();
        for (value, id) in [id(1, 0), id(0, 0), id(0, 1), id(2, 0)].into_iter().enumerate() {
            assert_eq!(list.insert(id, value), None);
        }
        assert!(list.keys().eq([id(0, 0), id(0, 1), id(1, 0), id(2, 0)]));
        assert_eq!(list.remove(id(0, 0)), Some(1));
        assert_eq!((list.get(id(0, 1)), list.get(id(2, 0)), list.get(id(2, 1))), (Some(&2), Some(&3), None));
    }
}
