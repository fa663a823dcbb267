//! What may be put into a campaign's bucket? Each pre-order into one bucket, once.

use hongbao_types::{AppId, Fen, PacketId, Timestamp};

use crate::command::FillLottery;
use crate::lottery::PreOrder;
use crate::outcome::{NoSuchLottery, PrizeRejection};
use crate::packet::{Packet, PacketState};
use crate::rows::Rows;

/// What a campaign takes: 1 to 1000 yuan, says the official page.
const PRIZE_MIN: Fen = Fen::new(100);
const PRIZE_MAX: Fen = Fen::new(100_000);

/// How each of the pre-orders ended, in their order.
pub(super) fn decide(
    rows: &mut Rows,
    fill: &FillLottery,
    now: Timestamp,
) -> Result<Vec<Result<(), PrizeRejection>>, NoSuchLottery> {
    let mut lottery = rows.lotteries.get(&fill.lottery).cloned().ok_or(NoSuchLottery)?;
    let mut ends = Vec::new();
    for id in &fill.packets {
        let room = lottery.prizes_max.saturating_sub(lottery.prizes);
        let end = put(rows, fill, id, (&lottery.sponsor, room), now);
        if end.is_ok() {
            lottery.prizes = lottery.prizes.saturating_add(1);
        }
        ends.push(end);
    }
    if ends.iter().any(Result::is_ok) {
        rows.lotteries.put(fill.lottery.clone(), lottery);
    }
    Ok(ends)
}

fn put(
    rows: &mut Rows,
    fill: &FillLottery,
    id: &PacketId,
    (sponsor, room): (&AppId, u32),
    now: Timestamp,
) -> Result<(), PrizeRejection> {
    let packet = rows.packet(id).ok_or(PrizeRejection::Invalid)?;
    let pre_order = judge(packet, fill, now)?;
    // Nobody who draws is known under another app.
    if room == 0 || packet.app != *sponsor {
        return Err(PrizeRejection::Invalid);
    }
    let mut packet = packet.clone();
    packet.stamp = now.max(packet.stamp);
    packet.pre_order = Some(PreOrder { lottery: Some(fill.lottery.clone()), ..pre_order });
    rows.update_packet(packet);
    Ok(())
}

fn judge(packet: &Packet, fill: &FillLottery, now: Timestamp) -> Result<PreOrder, PrizeRejection> {
    let pre_order = packet.pre_order.clone().ok_or(PrizeRejection::Invalid)?;
    if packet.bill.merchant != fill.merchant {
        return Err(PrizeRejection::Invalid);
    }
    if !fill.services.contains(&pre_order.service) {
        return Err(PrizeRejection::WrongService);
    }
    match &pre_order.lottery {
        Some(lottery) if *lottery == fill.lottery => return Err(PrizeRejection::Repeated),
        Some(_) => return Err(PrizeRejection::InAnother),
        None => {}
    }
    match packet.state {
        PacketState::Refunded => return Err(PrizeRejection::Expired),
        PacketState::Open if packet.is_past_deadline(now) => return Err(PrizeRejection::Expired),
        PacketState::Landed(_) | PacketState::Failed(_) | PacketState::Exhausted => {
            return Err(PrizeRejection::Invalid);
        }
        PacketState::Open => {}
    }
    if packet.total < PRIZE_MIN || packet.total > PRIZE_MAX {
        return Err(PrizeRejection::AmountOutOfRange);
    }
    Ok(pre_order)
}
