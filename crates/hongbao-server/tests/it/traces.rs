//! Are replies what the live service was seen to answer? Element by element, in order, with CDATA and without. What was
//! masked when a reply was published, and the platform's own numbers, are ours.

use hongbao_engine::audit::check_changes;
use hongbao_engine::directory::Validity;
use hongbao_engine::ledger::LedgerAccount;
use hongbao_engine::packet::{BillKey, Claim, Family, PacketState};
use hongbao_engine::rows::{ClaimKey, KeySet};
use hongbao_store::{Store, Writer};
use hongbao_types::{AppId, BillNo, Fen, MerchantId, OpenId, Timestamp};
use hongbao_wire::endpoint::{SENDGROUPREDPACK, SENDMINIPROGRAMHB};
use serde_json::{Value, json};

use crate::rig::{
    APP, BILL_NO, MERCHANT, OPENID, OTHER_OPENID, Rig, element, envelope, merchant_with, number, text, xml,
};

fn beijing(time: &str) -> Timestamp {
    let time: jiff::Timestamp = format!("{time}+08:00").parse().unwrap();
    Timestamp::from_millis(time.as_millisecond())
}

/// A platform at this time, whose merchant is set like this.
async fn rig_at(time: &str, settings: Value) -> Rig {
    let rig = Rig::start().await;
    rig.clock.set(beijing(time));
    rig.put_merchant(settings).await;
    rig
}

/// What a send repeats, with a merchant number in CDATA.
fn echo(openid: &str, amount: &str) -> String {
    [text("mch_billno", BILL_NO), text("mch_id", MERCHANT), text("wxappid", APP), text("re_openid", openid)].concat()
        + &number("total_amount", amount)
}

/// The same with a plain one, as until 2016.
fn plain_echo(openid: &str, amount: &str) -> String {
    echo(openid, amount).replace("<![CDATA[10000098]]>", "10000098")
}

/// An error of today.
fn refused(code: &str, words: &str, amount: &str) -> String {
    xml([envelope("FAIL", code, words), echo(OPENID, amount)])
}

#[tokio::test]
async fn a_success_of_april_2015_and_of_june_2016() {
    for (generation, time) in [("G1", "2015-04-13T17:43:22"), ("G2a", "2016-06-21T09:07:33")] {
        let rig = rig_at(time, json!({ "generation": generation })).await;
        let reply = rig.send(&[("total_amount", "100")]).await;
        let expected = xml([
            text("return_code", "SUCCESS"),
            text("return_msg", "发放成功"),
            text("result_code", "SUCCESS"),
            plain_echo(OPENID, "100"),
            text("send_listid", element(&reply, "send_listid")),
            text("send_time", &time.replace(['-', 'T', ':'], "")),
        ]);
        assert_eq!(reply, expected, "{generation}");
        rig.clock.advance(60_000);
        assert_eq!(rig.send(&[("total_amount", "100")]).await, expected, "with the first one's time");
    }
}

#[tokio::test]
async fn a_success_of_august_2022() {
    let rig = rig_at("2022-08-21T12:00:00", json!({})).await;
    let reply = rig.send(&[("total_amount", "200")]).await;
    let packet = element(&reply, "send_listid");
    let expected = [envelope("SUCCESS", "SUCCESS", "发放成功"), echo(OPENID, "200"), text("send_listid", packet)];
    assert_eq!(reply, xml(expected));
    // 31 digits as the trace's, though ours begin otherwise and name the day earlier.
    assert!(packet.len() == 31 && packet.starts_with("100020220821"), "{packet}");
}

#[tokio::test]
async fn a_mini_programs_packet_of_march_2018() {
    let rig = rig_at("2018-03-09T12:00:00", json!({ "limits": { "amount_min_fen": 30 } })).await;
    let changes =
        [("mch_billno", "test2"), ("total_amount", "30"), ("notify_way", "JSAPI"), ("client_ip", "127.0.0.1")];
    let reply = rig.call(&SENDMINIPROGRAMHB, &changes).await;
    let package = element(&reply, "package");
    let expected = xml([
        envelope("SUCCESS", "SUCCESS", "发放成功"),
        echo(OPENID, "30").replace(BILL_NO, "test2"),
        text("send_listid", element(&reply, "send_listid")),
        text("package", package),
    ]);
    assert_eq!(reply, expected);
    // sendid=<64 hex>&ver=8&sign=<128 hex>&mchid=28431892&spid=<the merchant>
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_hexdigit());
    let (send_id, rest) = package.strip_prefix("sendid=").unwrap().split_once("&ver=8&sign=").unwrap();
    let (sign, rest) = rest.split_once("&mchid=").unwrap();
    let (internal, provider) = rest.split_once("&spid=").unwrap();
    assert!(digits(send_id, 64) && digits(sign, 128) && digits(internal, 8), "{package}");
    assert_eq!(provider, MERCHANT);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_wrong_signature_of_2016_and_of_2019() {
    let wrong_key = "0123456789abcdef0123456789abcdef";
    let rig = rig_at("2019-12-12T16:00:00", json!({})).await;
    assert_eq!(rig.send_with(wrong_key, &[]).await, refused("SIGN_ERROR", "签名错误", "1000"));
    let empty = rig.send_with(wrong_key, &[("mch_billno", "")]).await;
    let expected = refused("PARAM_ERROR", "参数错误:订单号字段必填,最长为28个字符.", "1000").replace(BILL_NO, "");
    assert_eq!(empty, expected, "an empty value comes back as empty CDATA");
    rig.put_merchant(json!({ "generation": "G2a" })).await;
    let expected = xml([envelope("FAIL", "SIGN_ERROR", "签名错误"), plain_echo(OPENID, "1000")]);
    assert_eq!(rig.send_with(wrong_key, &[]).await, expected);
}

#[tokio::test]
async fn wrong_parameters_of_the_first_years_of_2018_and_of_2019() {
    let rig = rig_at("2019-11-21T12:00:00", json!({})).await;
    let words = "参数错误:total_num必须等于1";
    let complaint = [envelope("FAIL", "PARAM_ERROR", words), echo(OPENID, "1000"), number("total_num", "3")];
    assert_eq!(rig.send(&[("total_num", "3")]).await, xml(complaint));
    let short = &OPENID[..27];
    let words = "参数错误:re_openid字段不正确,请检查是否合法";
    let expected = xml([envelope("FAIL", "PARAM_ERROR", words), echo(short, "1000")]);
    assert_eq!(rig.send(&[("re_openid", short)]).await, expected);
    let words = "参数错误:act_name字段必填,并且少于32个字符.";
    let long = "活".repeat(33);
    assert_eq!(rig.send(&[("act_name", &long)]).await, refused("PARAM_ERROR", words, "1000"));

    rig.put_merchant(json!({ "generation": "G1" })).await;
    let words = "参数错误:发放金额、最小金额、最大金额必须相等.";
    let expected = envelope("FAIL", "PARAM_ERROR", words).replacen("SUCCESS", "FAIL", 1);
    assert_eq!(
        rig.send(&[("min_value", "999"), ("max_value", "1000")]).await,
        xml([expected, plain_echo(OPENID, "1000")])
    );
    rig.assert_books(0).await;
}

#[tokio::test]
async fn an_address_a_product_and_a_certificate_of_2019() {
    let rig = rig_at("2019-12-12T12:00:00", json!({ "allowed_addresses": ["192.168.0.1"] })).await;
    let words = "IP地址非你在商户平台设置的可用IP地址";
    assert_eq!(rig.send(&[]).await, refused("NO_AUTH", words, "1000"));
    rig.put_merchant(json!({ "products": [] })).await;
    let words = "你的商户号未开通该产品权限，请联系管理员到产品中心开通。开通路径：产品中心-产品大全-现金红包-申请开通";
    assert_eq!(rig.send(&[]).await, refused("PRODUCT_AUTHORITY_UNOPEN", words, "1000"));

    let expired = rig.authority.client((2014, 2019));
    let mut merchant = merchant_with(&[(&expired, Validity::ALWAYS)]);
    rig.put_merchant(merchant.clone()).await;
    assert_eq!(rig.send_over_tls(Some(&expired)).await, refused("CA_ERROR", "证书已过期", "1000"));
    let words = "CA证书出错,请登录微信支付商户平台下载证书";
    assert_eq!(rig.send_over_tls(None).await, refused("CA_ERROR", words, "1000"));
    // In February 2015 both codes were FAIL.
    merchant["generation"] = json!("G1");
    rig.put_merchant(merchant).await;
    let expected = envelope("FAIL", "CA_ERROR", words).replacen("SUCCESS", "FAIL", 1);
    assert_eq!(rig.send_over_tls(None).await, xml([expected, plain_echo(OPENID, "1000")]));
    rig.assert_books(0).await;
}

#[tokio::test]
async fn a_balance_too_low_in_april_2015_and_later() {
    let words = "帐号余额不足，请到商户平台充值后再重试";
    let rig = rig_at("2015-04-13T17:40:00", json!({ "generation": "G1" })).await;
    let expected = envelope("FAIL", "NOTENOUGH", words).replacen("SUCCESS", "FAIL", 1);
    assert_eq!(rig.send(&[("total_amount", "6000")]).await, xml([expected, plain_echo(OPENID, "6000")]));
    rig.put_merchant(json!({ "generation": "G2a" })).await;
    rig.clock.advance(60_000);
    let expected = xml([envelope("FAIL", "NOTENOUGH", words), plain_echo(OPENID, "6000")]);
    assert_eq!(rig.send(&[("total_amount", "6000")]).await, expected);
    rig.put_merchant(json!({})).await;
    assert_eq!(rig.send(&[("total_amount", "6000")]).await, refused("NOTENOUGH", words, "6000"));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn an_amount_out_of_range_in_2016_and_2017() {
    let words = "每个红包的平均金额必须在1.00元到200.00元之间.";
    let rig = rig_at("2017-04-21T11:00:00", json!({})).await;
    assert_eq!(rig.send(&[("total_amount", "1")]).await, refused("MONEY_LIMIT", words, "1"));
    rig.assert_books(0).await;
}

#[tokio::test]
async fn a_used_number_in_december_2019_with_the_new_values() {
    let rig = rig_at("2019-12-12T16:35:59", json!({})).await;
    rig.send(&[("total_amount", "100")]).await;
    let words = "更换了openid，但商户单号未更新";
    let reply = rig.send(&[("total_amount", "100"), ("re_openid", OTHER_OPENID)]).await;
    assert_eq!(reply, xml([envelope("FAIL", "FATAL_ERROR", words), echo(OTHER_OPENID, "100")]));
    let reply = rig.send(&[("total_amount", "101")]).await;
    assert_eq!(reply, refused("FATAL_ERROR", "更换了金额，但商户单号未更新", "101"));
    rig.assert_books(1).await;
}

/// What a query says of a packet up to its `send_time`.
fn asked(packet: &str, status: &str, hb_type: &str, num: &str, amount: &str, between: &str, send_time: &str) -> String {
    [
        envelope("SUCCESS", "SUCCESS", "OK"),
        text("mch_billno", BILL_NO),
        text("mch_id", MERCHANT),
        text("detail_id", packet),
        text("status", status),
        text("send_type", "API"),
        text("hb_type", hb_type),
        number("total_num", num),
        number("total_amount", amount),
        between.to_owned(),
        text("send_time", send_time),
    ]
    .concat()
}

#[tokio::test]
async fn a_query_of_december_2019_from_not_found_to_refund() {
    let rig = rig_at("2019-12-12T16:35:59", json!({})).await;
    let words = "指定单号数据不存在";
    let nothing = xml([envelope("FAIL", "NOT_FOUND", words), text("mch_billno", BILL_NO), text("mch_id", MERCHANT)]);
    assert_eq!(rig.query(BILL_NO).await, nothing);
    let sent = rig.send(&[("total_amount", "100")]).await;
    let packet = element(&sent, "send_listid");
    let known = |status| asked(packet, status, "NORMAL", "1", "100", "", "2019-12-12 16:35:59");
    assert_eq!(rig.query(BILL_NO).await, xml([known("SENT")]));
    // It went back 24 hours and a quarter later.
    rig.clock.set(beijing("2019-12-13T16:51:38"));
    assert_eq!(rig.expire().await, (1, 0));
    let refund = [text("refund_time", "2019-12-13 16:51:38"), number("refund_amount", "100")].concat();
    assert_eq!(rig.query(BILL_NO).await, xml([known("REFUND"), refund]));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_of_2018_that_was_opened_at_night() {
    let rig = rig_at("2018-10-27T01:24:11", json!({})).await;
    let sent = rig.send(&[("total_amount", "100")]).await;
    let packet = element(&sent, "send_listid");
    rig.clock.advance(30_000);
    assert_eq!(rig.claim(packet, OPENID).await.1["amount_fen"], 100);
    let known = asked(packet, "RECEIVED", "NORMAL", "1", "100", "", "2018-10-27 01:24:11");
    let share = [text("openid", OPENID), number("amount", "100"), text("rcv_time", "2018-10-27 01:24:41")].concat();
    let list = format!("<hblist>\n<hbinfo>\n{share}</hbinfo>\n</hblist>\n");
    assert_eq!(rig.query(BILL_NO).await, xml([known, list]));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_of_2023_that_is_not_paid_yet() {
    let rig = rig_at("2023-05-01T12:00:00", json!({ "limits": { "amount_max_fen": 499_900 } })).await;
    let words = "帐号余额不足，请到商户平台充值后再重试";
    assert_eq!(rig.send(&[("total_amount", "48000")]).await, refused("NOTENOUGH", words, "48000"));
    let reply = rig.query(BILL_NO).await;
    let packet = element(&reply, "detail_id");
    let reason = text("reason", words);
    assert_eq!(reply, xml([asked(packet, "SENDING", "NORMAL", "1", "48000", &reason, "2023-05-01 12:00:00")]));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_group_packet_of_april_2017_that_three_opened() {
    let rig = rig_at("2017-04-21T11:01:27", json!({})).await;
    let sent = rig.call(&SENDGROUPREDPACK, &[("total_amount", "300")]).await;
    let packet = element(&sent, "send_listid");
    let shares = [
        ("2017-04-21 11:01:43", OPENID, 197),
        ("2017-04-21 11:03:24", OTHER_OPENID, 102),
        ("2017-04-21 11:06:29", "oLau2M0yL16ExTWIuGaIt6gTKsQR", 1),
    ];
    open(&rig, &shares).await;
    let known = asked(packet, "RECEIVED", "GROUP", "3", "300", "", "2017-04-21 11:01:27");
    // The newest first.
    let infos = shares.iter().rev().map(|(time, openid, fen)| {
        let info = [text("openid", openid), number("amount", &fen.to_string()), text("rcv_time", time)].concat();
        format!("<hbinfo>\n{info}</hbinfo>\n")
    });
    let list = format!("<hblist>\n{}</hblist>\n", infos.collect::<String>());
    assert_eq!(rig.query(BILL_NO).await, xml([known, list]));
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await, rig.wallet(OTHER_OPENID).await), (4700, 197, 102));
    rig.assert_books(1).await;
}

/// Shares of a group packet can't be opened through a door yet: these are put into the store as claims would be, in
/// their order.
pub(crate) async fn open(rig: &Rig, shares: &[(&str, &str, u32)]) {
    let bill = BillKey {
        merchant: MerchantId::try_new(MERCHANT).unwrap(),
        family: Family::Packets,
        bill_no: BillNo::try_new(BILL_NO).unwrap(),
    };
    let view = rig.store.packet_by_bill(&bill).await.unwrap().unwrap();
    let (id, app) = (view.packet.id, AppId::try_new(APP).unwrap());
    let claims: Vec<Claim> = (0..)
        .zip(shares)
        .map(|(index, (time, openid, fen))| Claim {
            previous: None,
            packet: id.clone(),
            app: app.clone(),
            openid: OpenId::try_new(openid).unwrap(),
            index,
            amount: Fen::new(*fen),
            claimed_at: beijing(&time.replace(' ', "T")),
        })
        .collect();
    let claim_key = |claim: &Claim| ClaimKey { packet: claim.packet.clone(), openid: claim.openid.clone() };
    let wallet = |claim: &Claim| LedgerAccount::RecipientWallet(claim.app.clone(), claim.openid.clone());
    let keys = KeySet {
        packets: [id.clone()].into(),
        claims: claims.iter().map(claim_key).collect(),
        accounts: claims.iter().map(wallet).collect(),
        ..KeySet::default()
    };
    let mut writer = rig.store.writer().unwrap();
    let mut rows = writer.load(&keys).await.unwrap().rows;
    let mut packet = rows.packet(&id).unwrap().clone();
    for claim in claims {
        let mut account = rows.accounts.get(&wallet(&claim)).cloned().unwrap_or_default();
        account.credits = account.credits.checked_add(claim.amount).unwrap();
        rows.accounts.put(wallet(&claim), account);
        packet.claimed = packet.claimed.checked_add(claim.amount).unwrap();
        packet.claimed_count += 1;
        packet.stamp = claim.claimed_at;
        rows.claims.put(claim_key(&claim), claim);
    }
    if packet.claimed_count == packet.share_count {
        assert_eq!(packet.claimed, packet.total);
        packet.state = PacketState::Exhausted;
    }
    rows.update_packet(packet);
    let changes = rows.into_changes();
    check_changes(&changes).unwrap();
    writer.commit(&changes).await.unwrap();
}
