//! How does a packet get its id (`send_listid`)? From the time, this process, a counter and its shard:
//! unique without asking anybody.
//!
//! 31 digits: `1000`, the Beijing date, 8 digits of milliseconds since midnight, 6 of process (drawn when it
//! starts), 2 of counter, 3 of shard. Two processes that drew the same make the same id only for packets of one shard,
//! in one millisecond; the second to be written is a system error then, and the same call again gets another id.
//! Time comes first so that a store that keeps ids in order adds at the end; one that spreads them over machines takes
//! the shard from their end. Real ones have 28 to 31 digits, with the date from the eleventh on; nobody may rely on
//! that.

use std::sync::Mutex;
use std::sync::PoisonError;

use hongbao_engine::packet::BillKey;
use hongbao_store::StoreError;
use hongbao_types::{PacketId, Timestamp};
use hongbao_wire::time::format_compact;

const PROCESS_END: u32 = 1_000_000;
const COUNTER_END: u32 = 100;

#[derive(Debug)]
pub(crate) struct PacketIds {
    process: u32,
    last: Mutex<(Timestamp, u32)>,
}

impl PacketIds {
    pub(crate) fn new() -> Result<PacketIds, StoreError> {
        let drawn = getrandom::u32().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(PacketIds { process: drawn % PROCESS_END, last: Mutex::new((Timestamp::default(), 0)) })
    }

    /// A new id for the packet with this bill number. A clock that steps back is not followed, and a
    /// millisecond whose numbers are used up borrows from the next.
    pub(crate) fn next(&self, bill: &BillKey, now: Timestamp) -> PacketId {
        let (at, counter) = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = match *last {
                (at, counter) if now <= at && counter + 1 < COUNTER_END => (at, counter + 1),
                (at, _) if now <= at => (at.plus_millis(1), 0),
                _ => (now, 0),
            };
            *last
        };
        let date = &format_compact(at)[..8];
        let (shard, ms) = (bill.shard(), at.beijing_ms_of_day());
        let id = format!("1000{date}{ms:08}{:06}{counter:02}{shard:03}", self.process);
        PacketId::try_new(&id).expect("31 digits are a packet id")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use hongbao_engine::packet::Family;
    use hongbao_types::{BillNo, MerchantId};

    use super::*;

    #[test]
    fn ids_are_unique_even_when_time_stands_still_or_steps_back() {
        let ids = PacketIds::new().unwrap();
        let bill = BillKey {
            merchant: MerchantId::try_new("10000098").unwrap(),
            family: Family::Packets,
            bill_no: BillNo::try_new("10000098201411111234567890").unwrap(),
        };
        let noon = Timestamp::from_millis(1_415_678_400_000);
        let mut seen = HashSet::new();
        for now in std::iter::repeat_n(noon, 25_000).chain([noon.plus_millis(-5000), noon.plus_millis(5000)]) {
            let id = ids.next(&bill, now);
            assert_eq!((id.as_str().len(), &id.as_str()[4..12]), (31, "20141111"));
            assert!(seen.insert(id));
        }
    }
}
