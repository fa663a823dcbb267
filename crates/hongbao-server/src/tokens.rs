//! What lets somebody open a packet whose number he could guess? Tokens of 128 bits, which follow from the packet's
//! number and a key of the store: the same again whenever they are asked for, and nothing is stored for them.
//!
//! Opaque to whoever gets one. Inside, a token is the packet's number and a code (HMAC-SHA256) over it and what the
//! token is for, so that it says which packet it means, and none can be made up or used for something else.

use hmac::{Hmac, KeyInit, Mac};
use hongbao_types::{LotteryId, OpenId, PacketId, PersonKey};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The ticket of a pre-order (`sp_ticket`): 64 hexadecimal digits.
pub(crate) fn ticket(key: &PersonKey, packet: &PacketId) -> String {
    token(key, "hongbao/ticket/1", packet)
}

/// The pre-order of a ticket.
pub(crate) fn packet_of_ticket(key: &PersonKey, ticket: &str) -> Option<PacketId> {
    packet_of(key, "hongbao/ticket/1", ticket)
}

/// How a draw of this person in this campaign falls: as evenly as drawn anew, but the same each time, so that nobody
/// wins by trying again, and nothing need be written of those who lose.
pub(crate) fn chance(key: &PersonKey, lottery: &LotteryId, openid: &OpenId) -> u32 {
    let drawn = code(key, "hongbao/lottery/1", format!("{lottery}/{openid}").as_bytes());
    drawn.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// What a mini program needs to open a packet (`package`): in the form of the live service, where `sendid` has 64
/// hexadecimal digits and `sign` 128.
pub(crate) fn package(key: &PersonKey, packet: &PacketId, merchant: &str) -> String {
    let send_id = token(key, "hongbao/package/1", packet);
    let [first, second] = ["hongbao/package-sign/1", "hongbao/package-sign/2"]
        .map(|purpose| hex::encode(code(key, purpose, send_id.as_bytes())));
    // The live service's `mchid` is a number of its own, with 8 digits; clients take it for nothing.
    let internal =
        Sha256::digest(merchant.as_bytes()).iter().fold(0_u32, |sum, byte| (sum * 31 + u32::from(*byte)) % 90_000_000);
    format!("sendid={send_id}&ver=8&sign={first}{second}&mchid={}&spid={merchant}", 10_000_000 + internal)
}

/// The packet of a `package`, by its `sendid`; whether the rest is right is seen by making the package again.
pub(crate) fn packet_of_package(key: &PersonKey, package: &str) -> Option<PacketId> {
    packet_of(key, "hongbao/package/1", package.strip_prefix("sendid=")?.split('&').next()?)
}

/// The token of the link by which others come to the shares of a packet: 32 hexadecimal digits. The packet's number
/// stands beside it.
pub(crate) fn link(key: &PersonKey, packet: &PacketId) -> String {
    hex::encode(&code(key, "hongbao/link/1", packet.as_str().as_bytes())[..16])
}

/// Whether `given` is that token.
pub(crate) fn is_link(key: &PersonKey, packet: &PacketId, given: &[u8]) -> bool {
    link(key, packet).as_bytes().ct_eq(given).into()
}

fn token(key: &PersonKey, purpose: &str, packet: &PacketId) -> String {
    let number: u128 = packet.as_str().parse().unwrap_or_default();
    format!("{number:032x}{}", hex::encode(&code(key, purpose, packet.as_str().as_bytes())[..16]))
}

/// The packet that a token stands for, if it is one for this.
fn packet_of(key: &PersonKey, purpose: &str, given: &str) -> Option<PacketId> {
    let number = u128::from_str_radix(given.get(..32)?, 16).ok()?;
    let packet = PacketId::try_new(&number.to_string()).ok()?;
    bool::from(token(key, purpose, &packet).as_bytes().ct_eq(given.as_bytes())).then_some(packet)
}

/// A code over a message, for one purpose. An app's id has no slash, so that none of these codes is a person's.
pub(crate) fn code(key: &PersonKey, purpose: &str, message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
    mac.chain_update(purpose).chain_update([0]).chain_update(message).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_again_and_nobody_else_s() {
        let key = PersonKey::new([7; 32]);
        let [one, two] = ["1000201411111234567800010001119", "1000201411111234567800010002119"]
            .map(|id| PacketId::try_new(id).unwrap());
        assert_eq!(ticket(&key, &one), ticket(&key, &one));
        assert_ne!(ticket(&key, &one)[32..], ticket(&key, &two)[32..]);
        assert_ne!(ticket(&key, &one)[32..], ticket(&PersonKey::new([8; 32]), &one)[32..]);
        assert!(!package(&key, &one, "10000098").contains(&ticket(&key, &one)[32..]));
        assert_eq!(u128::from_str_radix(&ticket(&key, &one)[..32], 16).unwrap().to_string(), one.as_str());
    }

    #[test]
    fn a_package_has_the_form_of_the_live_service() {
        let package = package(
            &PersonKey::new([7; 32]),
            &PacketId::try_new("1000201411111234567800010001119").unwrap(),
            "10000098",
        );
        let parts: Vec<(&str, &str)> = package.split('&').filter_map(|part| part.split_once('=')).collect();
        let lengths: Vec<(&str, usize)> = parts.iter().map(|(name, value)| (*name, value.len())).collect();
        assert_eq!(lengths, [("sendid", 64), ("ver", 1), ("sign", 128), ("mchid", 8), ("spid", 8)]);
        assert!(package.len() <= 256, "what wx.sendBizRedPacket takes");
    }
}
