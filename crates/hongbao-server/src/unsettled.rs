//! Which sends got no answer in time, and are still under way? Whoever asks again for one of them is told so
//! (`PROCESSING`) rather than that nothing is known.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hongbao_engine::packet::BillKey;
use hongbao_store::lane::Pending;

/// Bill numbers whose sends took longer than their callers waited, each with how many of them. Empty but on bad days.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsettled(Arc<Mutex<HashMap<BillKey, u32>>>);

impl Unsettled {
    /// Takes note of a send that got no answer in time, until it is settled; whether an earlier one with its number
    /// had got none either.
    pub(crate) fn note(&self, bill: BillKey, pending: Pending) -> bool {
        let was_there = {
            let mut bills = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = bills.entry(bill.clone()).or_default();
            *count += 1;
            *count > 1
        };
        let bills = self.0.clone();
        tokio::spawn(async move {
            pending.settled().await;
            let mut bills = bills.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = bills.get_mut(&bill) {
                *count -= 1;
                if *count == 0 {
                    bills.remove(&bill);
                }
            }
        });
        was_there
    }
}
