//! What has time brought to a packet? What nobody claimed goes back; what only landed fails for good.

use hongbao_types::Timestamp;

use super::{Bug, post};
use crate::command::ExpirePacket;
use crate::ledger::{LedgerAccount, Posting};
use crate::outcome::Expired;
use crate::packet::PacketState;
use crate::rows::Rows;

pub(super) fn decide(rows: &mut Rows, command: &ExpirePacket, now: Timestamp) -> Result<Expired, Bug> {
    let Some(packet) = rows.packet(&command.due.packet) else {
        return Err("due work names a packet that exists");
    };
    let mut packet = packet.clone();
    match packet.state {
        PacketState::Exhausted | PacketState::Refunded | PacketState::Failed(_) => Ok(Expired::AlreadyDone),
        PacketState::Landed(_) | PacketState::Open if !packet.is_past_deadline(now) => Ok(Expired::NotYet),
        PacketState::Landed(reason) => {
            packet.state = PacketState::Failed(reason);
            packet.stamp = now.max(packet.stamp);
            rows.update_packet(packet);
            Ok(Expired::Failed)
        }
        PacketState::Open => {
            let rest = packet.escrow().ok_or("no more went out of escrow than came in")?;
            post(
                rows,
                &Posting {
                    debit: LedgerAccount::PacketEscrow(packet.id.clone()),
                    credit: LedgerAccount::MerchantFunds(packet.payer.clone()),
                    amount: rest,
                },
            )?;
            packet.stamp = now.max(packet.stamp);
            packet.state = PacketState::Refunded;
            packet.refunded = rest;
            packet.refunded_at = Some(packet.stamp);
            rows.update_packet(packet);
            Ok(Expired::Refunded(rest))
        }
    }
}
