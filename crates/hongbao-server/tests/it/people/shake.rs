//! The shake: campaigns, tickets in their buckets, and people who draw.

use std::collections::BTreeSet;
use std::sync::Arc;

use hongbao_server::PlatformOptions;
use hongbao_store::faulty::Fault;
use hongbao_types::ApiKey;
use hongbao_wire::endpoint::{HBPREORDER, SENDREDPACK};
use hongbao_wire::oauth::ReplyError;
use hongbao_wire::{SignType, sign};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::claims::refusal;
use super::oauth::{OTHER_APP, SECRET, ask, assert_refused, base, register};
use crate::rig::{APP, DAY_MS, KEY, MERCHANT, NOON, OPENID, OTHER_OPENID, Rig, element};

/// What the campaign's draws are signed with.
const CAMPAIGN_KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";
const NONCE: &str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";

async fn rig() -> Rig {
    let rig = Rig::start().await;
    register(&rig).await;
    rig.top_up("T2", 1_000_000).await;
    rig.put_merchant(json!({ "limits": { "packets_per_second": "unlimited" } })).await;
    rig
}

async fn token(rig: &Rig, app: &str) -> String {
    let query = format!("grant_type=client_credential&appid={app}&secret={SECRET}");
    ask(rig, &format!("/cgi-bin/token?{query}")).await["access_token"].as_str().unwrap().to_owned()
}

/// A call of the official account's server.
async fn call(rig: &Rig, name: &str, body: &Value) -> Value {
    call_with(rig, &token(rig, APP).await, name, body).await
}

async fn call_with(rig: &Rig, token: &str, name: &str, body: &Value) -> Value {
    let url = format!("{}/shakearound/lottery/{name}?access_token={token}", base(rig));
    let reply = rig.http.post(url).body(body.to_string()).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    serde_json::from_str(&reply.text().await.unwrap()).unwrap()
}

/// A campaign of a day, as the official page's sample has it, changed like this.
fn campaign(changes: &Value) -> Value {
    let noon = NOON.as_millis() / 1000;
    let mut body = json!({
        "title": "周年庆", "desc": "大家来摇", "onoff": 1, "begin_time": noon, "expire_time": noon + 86_400,
        "sponsor_appid": APP, "total": 1000, "jump_url": "http://shop.example.com/shake", "key": CAMPAIGN_KEY,
    });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

pub(crate) async fn added(rig: &Rig) -> String {
    let answer = call(rig, "addlotteryinfo", &campaign(&json!({}))).await;
    assert_eq!((&answer["errcode"], answer["page_id"].is_u64()), (&json!(0), true), "{answer}");
    answer["lottery_id"].as_str().unwrap().to_owned()
}

/// A pre-order: its packet and its ticket.
async fn reserved(rig: &Rig, changes: &[(&str, &str)]) -> (String, String) {
    let reply = rig.call(&HBPREORDER, changes).await;
    (element(&reply, "detail_id").to_owned(), element(&reply, "sp_ticket").to_owned())
}

pub(crate) async fn filled(rig: &Rig, lottery: &str, tickets: &[&str]) -> Value {
    let list: Vec<Value> = tickets.iter().map(|ticket| json!({ "ticket": ticket })).collect();
    let body = json!({ "lottery_id": lottery, "mchid": MERCHANT, "sponsor_appid": APP, "prize_info_list": list });
    call(rig, "setprizebucket", &body).await
}

/// A campaign with so many packets.
pub(crate) async fn running(rig: &Rig, packets: u32) -> String {
    let lottery = added(rig).await;
    let mut tickets = Vec::new();
    for number in 0..packets {
        tickets.push(reserved(rig, &[("mch_billno", &format!("B{number}"))]).await.1);
    }
    for page in tickets.chunks(100) {
        let answer = filled(rig, &lottery, &page.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!((&answer["errcode"], &answer["success_num"]), (&json!(0), &json!(page.len())), "{answer}");
    }
    lottery
}

/// What the merchant's page signs for somebody.
fn arguments(lottery: &str, openid: &str, key: &str) -> Value {
    let fields = [("lottery_id", lottery), ("noncestr", NONCE), ("openid", openid)];
    let signature = sign::sign(SignType::Md5, fields, &ApiKey::try_new(key).unwrap());
    json!({ "lottery_id": lottery, "noncestr": NONCE, "openid": openid, "sign": signature })
}

pub(crate) async fn draw(rig: &Rig, lottery: &str, openid: &str) -> (StatusCode, Value) {
    draw_at(rig, &base(rig), openid, &arguments(lottery, openid, CAMPAIGN_KEY)).await
}

async fn draw_at(rig: &Rig, base: &str, openid: &str, arguments: &Value) -> (StatusCode, Value) {
    let url = format!("{base}/jsapi/jumpHongbao");
    let reply = rig.http.post(url).bearer_auth(rig.identity(openid)).json(arguments).send().await.unwrap();
    (reply.status(), reply.json().await.unwrap())
}

/// The packet that somebody won.
pub(crate) fn won((status, answer): &(StatusCode, Value)) -> &str {
    assert_eq!((*status, &answer["won"]), (StatusCode::OK, &json!(true)), "{answer}");
    answer["packet_id"].as_str().unwrap()
}

/// A campaign as its account sees it.
pub(crate) async fn known(rig: &Rig, lottery: &str) -> Value {
    let path = format!("/shakearound/lottery/querylottery?access_token={}&lottery_id={lottery}", token(rig, APP).await);
    ask(rig, &path).await["result"].clone()
}

#[tokio::test]
async fn somebody_draws_a_packet_opens_it_and_the_account_sees_it() {
    let rig = rig().await;
    let lottery = running(&rig, 2).await;
    let drawn = draw(&rig, &lottery, OPENID).await;
    let packet = won(&drawn).to_owned();
    assert_eq!(drawn.1["is_replay"], false);
    let again = draw(&rig, &lottery, OPENID).await;
    assert_eq!((won(&again), &again.1["is_replay"]), (&*packet, &json!(true)), "one for each person");
    assert_eq!(refusal(rig.claim(&packet, OTHER_OPENID).await), (403, "not_the_recipient".to_owned()));
    let (status, share) = rig.claim(&packet, OPENID).await;
    assert_eq!((status, &share["amount_fen"]), (StatusCode::OK, &json!(1000)));

    let seen = known(&rig, &lottery).await;
    let expected = json!({
        "title": "周年庆", "desc": "大家来摇", "onoff": 1, "begin_time": NOON.as_millis() / 1000,
        "expire_time": NOON.as_millis() / 1000 + 86_400, "sponsor_appid": APP, "appid": APP,
        "prize_count": 2, "prize_count_limit": 1000, "jump_url": "http://shop.example.com/shake",
        "expired_prizes": 0, "drawed_prizes": 1, "available_prizes": 1,
        "expired_value": 0, "drawed_value": 1000, "available_value": 1000,
    });
    assert_eq!(seen, expected);
    let (_, events) = rig.get(&format!("/admin/lotteries/{lottery}/bindings")).await;
    let event = &events["bindings"][0];
    assert_eq!(
        (&event["openid"], &event["packet_id"], &event["amount_fen"]),
        (&json!(OPENID), &json!(packet), &json!(1000))
    );
    assert_eq!((events["bindings"].as_array().unwrap().len(), &events["next"]), (1, &Value::Null));
    rig.assert_books(2).await;
}

#[tokio::test]
async fn every_ticket_that_is_not_taken_is_listed_under_its_reason() {
    let rig = rig().await;
    let lottery = added(&rig).await;
    let ticket = async |bill_no: &str, name: &str, value: &str| {
        reserved(&rig, &[("mch_billno", bill_no), (name, value)]).await.1
    };
    let good = ticket("good", "total_amount", "100").await;
    let small = ticket("small", "total_amount", "99").await;
    let television = ticket("television", "auth_mchid", "1000048201").await;
    let elsewhere = ticket("elsewhere", "auth_mchid", "10000098").await;
    rig.put_app(OTHER_APP, json!({})).await;
    let other_app = ticket("other", "wxappid", OTHER_APP).await;
    let ordinary = {
        // The ticket of a packet that is none: nobody can make it up.
        let packet = element(&rig.call(&SENDREDPACK, &[("mch_billno", "ordinary")]).await, "send_listid").to_owned();
        format!("{:032x}{}", packet.parse::<u128>().unwrap(), &good[32..])
    };
    let mut flipped = good.clone().into_bytes();
    flipped[40] = if flipped[40] == b'0' { b'1' } else { b'0' };
    let flipped = String::from_utf8(flipped).unwrap();
    let answer =
        filled(&rig, &lottery, &[&good, &small, &television, &elsewhere, &other_app, &ordinary, &flipped, "x", &good])
            .await;
    let list = |tickets: &[&String]| tickets.iter().map(|ticket| json!({ "ticket": ticket })).collect::<Vec<_>>();
    let x = "x".to_owned();
    let expected = json!({
        "errcode": 0, "errmsg": "", "success_num": 2,
        "repeat_ticket_list": list(&[&good]),
        "invalid_amount_ticket_list": list(&[&small]),
        "wrong_authmchid_ticket_list": list(&[&elsewhere]),
        "invalid_ticket_list": list(&[&ordinary, &flipped, &x, &other_app]),
    });
    assert_eq!(answer, expected);
    let answer = filled(&rig, &lottery, &[&good]).await;
    assert_eq!((&answer["errcode"], &answer["success_num"]), (&json!(9_001_090), &json!(0)));
    let late = ticket("late", "total_amount", "100").await;
    rig.clock.advance(3 * DAY_MS);
    let answer = filled(&rig, &lottery, &[&late]).await;
    assert_eq!(answer["expire_ticket_list"], json!(list(&[&late])));

    let hundred_and_one = vec!["x"; 101];
    assert_refused(&filled(&rig, &lottery, &hundred_and_one).await, ReplyError::LOTTERY_INVALID);
    assert_refused(&filled(&rig, "123", &[&good]).await, ReplyError::LOTTERY_INVALID);
}

#[tokio::test]
async fn a_campaign_that_makes_no_sense_is_refused() {
    let rig = rig().await;
    let noon = NOON.as_millis() / 1000;
    for changes in [
        json!({ "title": "一二三四五六七" }),
        json!({ "title": "" }),
        json!({ "title": "thirteen char" }),
        json!({ "desc": "一二三四五六七八" }),
        json!({ "onoff": 2 }),
        json!({ "begin_time": noon + 86_400 }),
        json!({ "expire_time": noon + 91 * 86_400 + 1 }),
        json!({ "begin_time": i64::MIN }),
        json!({ "sponsor_appid": "wx0000000000000000" }),
        json!({ "total": 0 }),
        json!({ "total": 100_001 }),
        json!({ "jump_url": "javascript:alert(1)" }),
        json!({ "key": "short" }),
        json!({ "key": null }),
        json!({ "begin_time": "noon" }),
    ] {
        let answer = call(&rig, "addlotteryinfo", &campaign(&changes)).await;
        assert_eq!(answer["errcode"], 9_001_001, "{changes}");
    }
    let texts = json!({ "begin_time": noon.to_string(), "total": "100000", "title": "一二三四五六", "expire_time": noon + 91 * 86_400 });
    assert_eq!(call(&rig, "addlotteryinfo", &campaign(&texts)).await["errcode"], 0);

    let lottery = added(&rig).await;
    for (token, error) in [
        (String::new(), ReplyError::TOKEN_MISSING),
        ("x".to_owned(), ReplyError::TOKEN_INVALID),
        (format!("{}A", token(&rig, APP).await), ReplyError::TOKEN_INVALID),
        (token(&rig, OTHER_APP).await, ReplyError::LOTTERY_INVALID),
    ] {
        let path = format!("/shakearound/lottery/querylottery?access_token={token}&lottery_id={lottery}");
        assert_refused(&ask(&rig, &path).await, error);
    }
    let old = token(&rig, APP).await;
    rig.clock.advance(7200 * 1000);
    assert_refused(&call_with(&rig, &old, "addlotteryinfo", &campaign(&json!({}))).await, ReplyError::TOKEN_EXPIRED);
    let revoked = token(&rig, APP).await;
    rig.put_app(APP, json!({ "app_secret": "another-secret-of-the-app" })).await;
    let answer = call_with(&rig, &revoked, "addlotteryinfo", &campaign(&json!({}))).await;
    assert_refused(&answer, ReplyError::TOKEN_INVALID);
}

#[tokio::test]
async fn a_draw_that_may_not_be_is_refused_and_changes_nothing() {
    let rig = rig().await;
    let lottery = running(&rig, 1).await;
    let refused = async |openid: &str, arguments: Value| refusal(draw_at(&rig, &base(&rig), openid, &arguments).await);
    let good = arguments(&lottery, OPENID, CAMPAIGN_KEY);
    let signature = good["sign"].as_str().unwrap();
    let first = if signature.starts_with('0') { "1" } else { "0" };
    let mut flipped = good.clone();
    flipped["sign"] = json!(format!("{first}{}", &signature[1..]));
    let code = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(refused(OPENID, flipped).await, code(403, "draw_signature_wrong"));
    assert_eq!(refused(OPENID, arguments(&lottery, OPENID, KEY)).await, code(403, "draw_signature_wrong"));
    assert_eq!(refused(OTHER_OPENID, good.clone()).await, code(403, "not_this_person"));
    assert_eq!(refused(OPENID, arguments("123", OPENID, CAMPAIGN_KEY)).await, code(404, "no_such_campaign"));
    assert_eq!(refused(OPENID, json!({ "lottery_id": lottery })).await, code(400, "invalid_request"));
    let url = format!("{}/jsapi/jumpHongbao", base(&rig));
    let reply = rig.http.post(url).json(&good).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);

    let switch = async |onoff: &str| {
        let token = token(&rig, APP).await;
        let query = format!("access_token={token}&lottery_id={lottery}&onoff={onoff}");
        ask(&rig, &format!("/shakearound/lottery/setlotteryswitch?{query}")).await["errcode"].clone()
    };
    assert_eq!((switch("0").await, switch("2").await), (json!(0), json!(9_001_001)));
    assert_eq!(refused(OPENID, good.clone()).await, code(409, "campaign_off"));
    assert_eq!(switch("1").await, 0);
    let noon = NOON.as_millis() / 1000;
    let later = call(&rig, "addlotteryinfo", &campaign(&json!({ "begin_time": noon + 1 }))).await;
    let later = later["lottery_id"].as_str().unwrap();
    assert_eq!(refusal(draw(&rig, later, OPENID).await), code(409, "campaign_not_begun"));
    rig.clock.advance(1000);
    assert_eq!(refusal(draw(&rig, later, OPENID).await), code(409, "no_prize_left"));
    let seen = known(&rig, &lottery).await;
    assert_eq!((&seen["drawed_prizes"], &seen["available_prizes"]), (&json!(0), &json!(1)));

    won(&draw(&rig, &lottery, OPENID).await);
    assert_eq!(refusal(draw(&rig, &lottery, OTHER_OPENID).await), code(409, "no_prize_left"));
    rig.clock.advance(DAY_MS);
    assert_eq!(refusal(draw(&rig, &lottery, OTHER_OPENID).await), code(410, "campaign_over"));
    won(&draw(&rig, &lottery, OPENID).await);
}

#[tokio::test]
async fn whoever_loses_costs_no_write_and_does_not_win_by_trying_again() {
    let rig = rig().await;
    let lottery = running(&rig, 1).await;
    let rate = async |ppm: u32| {
        let path = format!("/admin/lotteries/{lottery}");
        rig.admin("PATCH", &path, Some(&json!({ "win_rate_ppm": ppm }))).await.0
    };
    assert_eq!(rate(0).await, StatusCode::NO_CONTENT);
    assert_eq!(rate(1_000_001).await, StatusCode::BAD_REQUEST);
    // Whatever was written would fail.
    rig.faults.plan([Fault::Unavailable]);
    for _ in 0..3 {
        let (status, answer) = draw(&rig, &lottery, OPENID).await;
        assert_eq!((status, &answer), (StatusCode::OK, &json!({ "won": false, "is_replay": false })));
    }
    rig.faults.plan([]);
    assert_eq!(rate(500_000).await, StatusCode::NO_CONTENT);
    let mut winners = 0;
    for person in 0..400 {
        let answers =
            [draw(&rig, &lottery, &format!("o{person}")).await, draw(&rig, &lottery, &format!("o{person}")).await];
        let lost = answers.each_ref().map(|(_, answer)| answer["won"] == false);
        assert_eq!(lost[0], lost[1], "{answers:?}");
        winners += u32::from(!lost[0]);
    }
    // Six standard deviations.
    assert!((140..=260).contains(&winners), "{winners} of 400");
}

#[tokio::test]
async fn three_hundred_people_at_two_nodes_draw_a_hundred_packets() {
    let rig = Arc::new(rig().await);
    let lottery = running(&rig, 100).await;
    let other = rig.another(PlatformOptions::default()).await;
    let nodes = [base(&rig), format!("http://{}", other.addresses().plain.unwrap())];
    let mut calls = JoinSet::new();
    for person in 0..600 {
        let (rig, node, openid) = (rig.clone(), nodes[person % 2].clone(), format!("o{}", person / 2));
        let arguments = arguments(&lottery, &openid, CAMPAIGN_KEY);
        calls.spawn(async move { (openid.clone(), draw_at(&rig, &node, &openid, &arguments).await) });
    }
    let (mut winners, mut packets, mut losers) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (openid, answer) in calls.join_all().await {
        if answer.0 == StatusCode::OK {
            packets.insert(won(&answer).to_owned());
            winners.insert(openid);
        } else {
            assert_eq!(refusal(answer), (409, "no_prize_left".to_owned()));
            losers.insert(openid);
        }
    }
    assert_eq!((winners.len(), packets.len()), (100, 100));
    assert!(losers.len() >= 200, "each person twice, and one packet each");
    let seen = known(&rig, &lottery).await;
    assert_eq!((&seen["drawed_prizes"], &seen["available_prizes"]), (&json!(100), &json!(0)));
    rig.assert_books(100).await;
    other.stop().await;
}

#[tokio::test]
async fn a_person_who_may_not_have_it_leaves_it_to_others() {
    let rig = rig().await;
    let lottery = running(&rig, 1).await;
    rig.put(&format!("/admin/apps/{APP}/openids/{OPENID}"), &json!({ "blocked": true })).await;
    assert_eq!(refusal(draw(&rig, &lottery, OPENID).await), (403, "blocked".to_owned()));
    rig.put_merchant(json!({ "limits": { "recipient_amount_per_day_fen": 999 } })).await;
    assert_eq!(refusal(draw(&rig, &lottery, OTHER_OPENID).await), (409, "person_limit".to_owned()));
    rig.put_merchant(json!({})).await;
    won(&draw(&rig, &lottery, OTHER_OPENID).await);
}

#[tokio::test]
async fn a_draw_whose_commit_is_lost_binds_one_packet() {
    let rig = rig().await;
    let lottery = running(&rig, 3).await;
    for (fault, openid) in [(Fault::UnknownApplied, "o1"), (Fault::UnknownNotApplied, "o2"), (Fault::Conflict, "o3")] {
        rig.faults.plan([fault]);
        let first = draw(&rig, &lottery, openid).await;
        assert_eq!(won(&first), won(&draw(&rig, &lottery, openid).await), "{fault:?}");
    }
    assert_eq!(known(&rig, &lottery).await["drawed_prizes"], 3);
}

#[tokio::test]
async fn tickets_whose_commit_is_lost_are_in() {
    let rig = rig().await;
    let lottery = added(&rig).await;
    for (bill_no, fault) in [("B1", Fault::UnknownApplied), ("B2", Fault::UnknownNotApplied)] {
        let ticket = reserved(&rig, &[("mch_billno", bill_no)]).await.1;
        rig.faults.plan([fault]);
        let answer = filled(&rig, &lottery, &[&ticket]).await;
        assert_eq!(answer, json!({ "errcode": 0, "errmsg": "", "success_num": 1 }), "{fault:?}");
    }
}

#[tokio::test]
async fn what_went_back_meanwhile_is_not_offered() {
    let rig = rig().await;
    let noon = NOON.as_millis() / 1000;
    let answer = call(&rig, "addlotteryinfo", &campaign(&json!({ "expire_time": noon + 90 * 86_400 }))).await;
    let lottery = answer["lottery_id"].as_str().unwrap();
    for number in 0..20 {
        let ticket = reserved(&rig, &[("mch_billno", &format!("B{number}"))]).await.1;
        assert_eq!(filled(&rig, lottery, &[&ticket]).await["success_num"], 1);
    }
    won(&draw(&rig, lottery, OPENID).await);
    rig.clock.advance(3 * DAY_MS);
    assert_eq!(rig.expire().await, (20, 0));
    rig.faults.plan([]);
    assert_eq!(refusal(draw(&rig, lottery, OTHER_OPENID).await), (409, "no_prize_left".to_owned()));
    assert!(rig.faults.tries().len() <= 3, "{:?}", rig.faults.tries());
}

#[tokio::test]
async fn a_group_packet_that_was_drawn_is_opened_and_shared() {
    let rig = rig().await;
    let lottery = added(&rig).await;
    let (packet, ticket) = reserved(&rig, &[("hb_type", "GROUP"), ("total_num", "3")]).await;
    assert_eq!(filled(&rig, &lottery, &[&ticket]).await["errcode"], 0);
    assert_eq!(won(&draw(&rig, &lottery, OPENID).await), packet);
    let (_, first) = rig.claim(&packet, OPENID).await;
    let link = first["link"].as_str().unwrap();
    let (_, second) = rig.claim_by_link(&packet, OTHER_OPENID, link).await;
    let opened = first["amount_fen"].as_i64().unwrap() + second["amount_fen"].as_i64().unwrap();
    rig.clock.advance(3 * DAY_MS);
    assert_eq!(rig.expire().await, (1, 0));
    assert_eq!(rig.funds().await, 1_005_000 - opened);
    rig.assert_books(1).await;
}
