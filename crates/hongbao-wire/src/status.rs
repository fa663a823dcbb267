//! What does a query say about a packet? The wire's `status` words, WeChat's spelling included.

/// A packet's status as `gethbinfo` reports it (official page 4011983160). `RFUND_ING` is spelled
/// without its E on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HbStatus {
    /// `SENDING`: being issued (发放中), or waiting for the cause in `reason` to go away.
    Sending,
    /// `SENT`: issued and waiting to be claimed (已发放待领取).
    Sent,
    /// `FAILED`: will never be issued (发放失败).
    Failed,
    /// `RECEIVED`: claimed (已领取).
    Received,
    /// `RFUND_ING`: the unclaimed part is on its way back (退款中).
    RefundRunning,
    /// `REFUND`: the unclaimed part is back (已退款).
    Refunded,
    /// A word that is not in the official table, kept as it came.
    Other(Box<str>),
}

impl HbStatus {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            HbStatus::Sending => "SENDING",
            HbStatus::Sent => "SENT",
            HbStatus::Failed => "FAILED",
            HbStatus::Received => "RECEIVED",
            HbStatus::RefundRunning => "RFUND_ING",
            HbStatus::Refunded => "REFUND",
            HbStatus::Other(word) => word,
        }
    }

    /// The status a word stands for; total, because the list may grow.
    pub fn from_wire(word: &str) -> HbStatus {
        match word {
            "SENDING" => HbStatus::Sending,
            "SENT" => HbStatus::Sent,
            "FAILED" => HbStatus::Failed,
            "RECEIVED" => HbStatus::Received,
            "RFUND_ING" => HbStatus::RefundRunning,
            "REFUND" => HbStatus::Refunded,
            other => HbStatus::Other(other.into()),
        }
    }

    /// Whether it says what became of the money once and for all. `RECEIVED` of a group packet
    /// is terminal for the shares claimed so far only; the rest may still come back.
    pub fn is_terminal(&self) -> bool {
        matches!(self, HbStatus::Failed | HbStatus::Received | HbStatus::Refunded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_survives_the_wire() {
        for word in ["SENDING", "SENT", "FAILED", "RECEIVED", "RFUND_ING", "REFUND", "REFUNDING", ""] {
            assert_eq!(HbStatus::from_wire(word).as_str(), word);
        }
        assert_eq!(HbStatus::from_wire("REFUND_ING"), HbStatus::Other("REFUND_ING".into()));
    }
}
