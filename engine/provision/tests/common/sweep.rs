//! What sweeps share: work that two cores divide, and what is told of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much of a sweep is done: in CI a stride, in full by command.
#[derive(Clone, Copy)]
pub enum Extent {
    Stride(usize),
    Full,
}

impl Extent {
    /// The part of `all` that is done: with a stride every so many-th, and always the first and the last.
    pub fn of<T: Clone>(self, all: &[T]) -> Vec<T> {
        match self {
            Self::Full => all.to_vec(),
            Self::Stride(count) => {
                let step = all.len().div_ceil(count).max(1);
                let last = all.len().saturating_sub(1);
                all.iter()
                    .enumerate()
                    .filter(|(at, _)| at % step == 0 || *at == last)
                    .map(|(_, it)| it.clone())
                    .collect()
            }
        }
    }
}

/// Does `work` for every item on as many threads as there are cores; gives what came of each, in the order of the items.
pub fn divided<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = work(item);
                    done.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
