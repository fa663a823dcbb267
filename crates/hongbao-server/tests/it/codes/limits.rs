//! How much, how fast, when?

use hongbao_wire::endpoint::SENDGROUPREDPACK;
use serde_json::json;

use super::{Call, Code};
use crate::rig::{DAY_MS, NOON, OTHER_OPENID, Rig};

const HOUR_MS: i64 = DAY_MS / 24;
/// The end of the Beijing day that the rig's clock starts in.
const MIDNIGHT_MS: i64 = 12 * HOUR_MS;

/// A call that landed stays so until the Beijing day is over, to the millisecond.
async fn is_declined_until_midnight(call: &Call<'_>, code: &Code, text: &str) {
    call.lands(code, text).await;
    call.rig.clock.set(NOON.plus_millis(MIDNIGHT_MS - 1));
    call.is_declined_again(code, text).await;
    call.rig.clock.advance(1);
    call.is_completed().await;
}

pub(super) async fn a_person_gets_ten_packets_a_day(code: &Code) {
    let rig = Rig::start().await;
    for number in 0..10 {
        Call::ordinary(&rig, &[("mch_billno", &format!("n{number}")), ("total_amount", "100")]).goes_through().await;
    }
    Call::ordinary(&rig, &[("mch_billno", "n0"), ("total_amount", "100")]).is_accepted().await;
    Call::ordinary(&rig, &[("mch_billno", "other"), ("re_openid", OTHER_OPENID)]).goes_through().await;
    let text = "该用户今日操作次数超过限制,如有需要请登录微信支付商户平台更改API安全配置";
    is_declined_until_midnight(&Call::ordinary(&rig, &[("total_amount", "100")]), code, text).await;
}

pub(super) async fn a_merchant_sends_so_much_a_day(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "amount_per_day_fen": 1500 } })).await;
    Call::ordinary(&rig, &[("mch_billno", "first")]).goes_through().await;
    Call::ordinary(&rig, &[("mch_billno", "second"), ("total_amount", "500")]).goes_through().await;
    let text = "您的商户号今日发放金额超过限制，如有需要请登录微信支付商户平台更改API安全配置";
    is_declined_until_midnight(&Call::ordinary(&rig, &[("re_openid", OTHER_OPENID)]), code, text).await;
}

pub(super) async fn a_person_gets_a_thousand_yuan_a_day(code: &Code) {
    let rig = Rig::start().await;
    rig.top_up("T2", 200_000).await;
    for number in 0..5 {
        Call::ordinary(&rig, &[("mch_billno", &format!("n{number}")), ("total_amount", "20000")]).goes_through().await;
    }
    Call::ordinary(&rig, &[("mch_billno", "other"), ("re_openid", OTHER_OPENID)]).goes_through().await;
    let text = "该用户今日领取金额超过限制，如有需要请登录微信支付商户平台更改API安全配置";
    is_declined_until_midnight(&Call::ordinary(&rig, &[("total_amount", "100")]), code, text).await;
}

pub(super) async fn an_ordinary_packet_holds_one_to_two_hundred_yuan(code: &Code) {
    let rig = Rig::start().await;
    rig.top_up("T2", 100_000).await;
    let text = "每个红包的平均金额必须在1.00元到200.00元之间.";
    for (wrong, right) in [("99", "100"), ("20001", "20000")] {
        // Refused before it lands, so that the number is good for another amount.
        Call::ordinary(&rig, &[("mch_billno", right), ("total_amount", wrong)]).is_refused(code, text).await;
        Call::ordinary(&rig, &[("mch_billno", right), ("total_amount", right)]).goes_through().await;
    }
    rig.put_merchant(json!({ "limits": { "amount_min_fen": 30 } })).await;
    Call::ordinary(&rig, &[("mch_billno", "30"), ("total_amount", "30")]).goes_through().await;
}

pub(super) async fn a_packet_may_hold_4999_yuan_when_the_merchant_may(code: &Code) {
    let rig = Rig::start().await;
    rig.top_up("T2", 1_000_000).await;
    let call = Call::ordinary(&rig, &[("total_amount", "499900")]);
    call.is_refused(code, "每个红包的平均金额必须在1.00元到200.00元之间.").await;
    let limits = json!({ "amount_max_fen": 499_900, "recipient_amount_per_day_fen": "unlimited" });
    rig.put_merchant(json!({ "limits": limits })).await;
    Call::ordinary(&rig, &[("total_amount", "499901")])
        .is_refused(code, "每个红包的平均金额必须在1.00元到4999.00元之间.")
        .await;
    call.goes_through().await;
}

pub(super) async fn of_a_group_packet_the_average_is_judged(code: &Code) {
    let rig = Rig::start().await;
    rig.top_up("T2", 100_000).await;
    let text = "每个红包的平均金额必须在1.00元到200.00元之间.";
    for (wrong, right) in [("299", "300"), ("60001", "60000")] {
        let changes = [("mch_billno", right), ("total_amount", wrong)];
        Call { rig: &rig, endpoint: &SENDGROUPREDPACK, changes: &changes }.is_refused(code, text).await;
        let changes = [("mch_billno", right), ("total_amount", right)];
        Call { rig: &rig, endpoint: &SENDGROUPREDPACK, changes: &changes }.goes_through().await;
    }
}

pub(super) async fn a_group_packet_has_so_many_shares_at_most(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "amount_min_fen": 1 } })).await;
    let usual =
        Call { rig: &rig, endpoint: &SENDGROUPREDPACK, changes: &[("total_amount", "10001"), ("total_num", "10001")] };
    usual.is_refused(code, "参数错误:total_num超过限制.").await;
    rig.put_merchant(json!({ "limits": { "shares_max": 20 } })).await;
    let changes = [("total_amount", "2100"), ("total_num", "21")];
    let call = Call { rig: &rig, endpoint: &SENDGROUPREDPACK, changes: &changes };
    call.is_refused(code, "参数错误:total_num超过限制.").await;
    assert_eq!(crate::rig::element(&call.make().await, "total_num"), "21", "what is wrong is repeated");
    rig.put_merchant(json!({ "limits": { "shares_max": 21 } })).await;
    call.goes_through().await;
}

pub(super) async fn above_two_hundred_yuan_and_below_one_a_scene_is_needed(code: &Code) {
    let rig = Rig::start().await;
    rig.top_up("T2", 100_000).await;
    let text = "参数错误:红包金额大于200元或者小于1元时,请求参数scene_id必传.";
    rig.put_merchant(json!({ "limits": { "amount_min_fen": 1, "amount_max_fen": 499_900 } })).await;
    for amount in ["99", "20001"] {
        Call::ordinary(&rig, &[("mch_billno", amount), ("total_amount", amount), ("scene_id", "")])
            .is_refused(code, text)
            .await;
        Call::ordinary(&rig, &[("mch_billno", amount), ("total_amount", amount)]).goes_through().await;
    }
    for amount in ["100", "20000"] {
        Call::ordinary(&rig, &[("mch_billno", amount), ("total_amount", amount), ("scene_id", "")])
            .goes_through()
            .await;
    }
}

/// What is refused for its pace is refused until the period is over, to the millisecond.
async fn is_refused_for(call: &Call<'_>, period_ms: i64, code: &Code) {
    let text = "超过频率限制,请稍后再试";
    call.is_refused(code, text).await;
    call.rig.clock.set(NOON.plus_millis(period_ms - 1));
    call.is_refused(code, text).await;
    call.rig.clock.advance(1);
    call.goes_through().await;
}

pub(super) async fn a_merchant_sends_thirty_packets_a_second(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "recipient_packets_per_day": "unlimited" } })).await;
    for number in 0..30 {
        Call::ordinary(&rig, &[("mch_billno", &format!("n{number}")), ("total_amount", "100")]).is_accepted().await;
    }
    // The same call again is no further packet.
    Call::ordinary(&rig, &[("mch_billno", "n0"), ("total_amount", "100")]).is_accepted().await;
    is_refused_for(&Call::ordinary(&rig, &[]), 1000, code).await;
}

pub(super) async fn a_merchant_sends_so_many_packets_a_minute(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "packets_per_minute": 2, "packets_per_second": "unlimited" } })).await;
    for number in ["first", "second"] {
        Call::ordinary(&rig, &[("mch_billno", number)]).goes_through().await;
    }
    is_refused_for(&Call::ordinary(&rig, &[]), 60_000, code).await;
}

pub(super) async fn a_person_gets_so_many_packets_a_minute(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "recipient_packets_per_minute": 1 } })).await;
    Call::ordinary(&rig, &[("mch_billno", "first")]).goes_through().await;
    Call::ordinary(&rig, &[("mch_billno", "other"), ("re_openid", OTHER_OPENID)]).goes_through().await;
    is_refused_for(&Call::ordinary(&rig, &[]), 60_000, code).await;
}

pub(super) async fn nothing_is_sent_at_night_in_2014(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "generation": "G1" })).await;
    let text = "企业红包的发送时间受限";
    rig.clock.set(NOON.plus_millis(MIDNIGHT_MS - 1));
    Call::ordinary(&rig, &[("mch_billno", "before")]).goes_through().await;
    let call = Call::ordinary(&rig, &[]);
    rig.clock.advance(1);
    call.is_refused_in_2014(code, text).await;
    rig.clock.set(NOON.plus_millis(MIDNIGHT_MS + 8 * HOUR_MS - 1));
    call.is_refused_in_2014(code, text).await;
    rig.clock.advance(1);
    call.goes_through().await;
}

pub(super) async fn a_merchant_of_2014_sends_so_many_packets_a_minute(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "generation": "G1", "limits": { "packets_per_minute": 1 } })).await;
    Call::ordinary(&rig, &[("mch_billno", "first")]).goes_through().await;
    let call = Call::ordinary(&rig, &[]);
    call.is_refused_in_2014(code, "企业红包的按分钟发放受限").await;
    rig.clock.advance(59_999);
    call.is_refused_in_2014(code, "企业红包的按分钟发放受限").await;
    rig.clock.advance(1);
    call.goes_through().await;
}

pub(super) async fn a_merchant_of_2014_sends_so_many_packets_a_day(code: &Code) {
    let rig = Rig::start().await;
    let limits = json!({ "packets_per_day": 1, "closed_at_night": false });
    rig.put_merchant(json!({ "generation": "G1", "limits": limits })).await;
    Call::ordinary(&rig, &[("mch_billno", "first")]).goes_through().await;
    let call = Call::ordinary(&rig, &[]);
    for at in [0, MIDNIGHT_MS - 1] {
        rig.clock.set(NOON.plus_millis(at));
        code.is_in_2014(&call.make().await, "企业红包的按天发放受限");
        let reply = call.query().await;
        assert_eq!(crate::rig::element(&reply, "status"), "SENDING");
        assert_eq!(crate::rig::element(&reply, "reason"), "企业红包的按天发放受限");
        assert_eq!(rig.funds().await, 4000);
    }
    rig.clock.advance(1);
    call.is_completed().await;
}
