//! The whole way of the published pages' products, over HTTP alone: the page learns who looks at it, the merchant sends
//! or sets aside, people open or draw, the merchant asks, what nobody opened goes back, and the books hold.

use hongbao_wire::endpoint::{HBPREORDER, SENDGROUPREDPACK, SENDMINIPROGRAMHB};
use reqwest::StatusCode;
use serde_json::json;

use super::claims::refusal;
use super::mini_program::{arguments, open};
use super::oauth::{code, redeem, register};
use super::shake::{added, draw, filled, known, won};
use crate::rig::{APP, DAY_MS, OPENID, OTHER_OPENID, Rig, codes, element};

/// A platform whose app has pages.
async fn rig() -> Rig {
    let rig = Rig::start().await;
    register(&rig).await;
    rig
}

/// The openid of whoever looks at the merchant's page, as its server learns it.
async fn openid(rig: &Rig, person: &str) -> String {
    let code = code(rig, APP, person).await;
    redeem(rig, &[("code", &code)]).await["openid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_mini_program_s_packet_is_opened_on_its_page_and_another_goes_back() {
    let rig = rig().await;
    let [alice, bob] = [openid(&rig, OPENID).await, openid(&rig, OTHER_OPENID).await];
    let mut packages = Vec::new();
    for (bill_no, person) in [("B1", &alice), ("B2", &bob)] {
        let reply = rig.call(&SENDMINIPROGRAMHB, &[("mch_billno", bill_no), ("re_openid", person)]).await;
        assert_eq!(codes(&reply), ["SUCCESS"; 3], "{reply}");
        packages.push(element(&reply, "package").to_owned());
    }
    assert_eq!(element(&rig.query("B1").await, "status"), "SENT");
    assert_eq!(open(&rig, &bob, &arguments(&packages[0])).await, (6, "这个红包是给别人的".to_owned()));
    assert_eq!(open(&rig, &alice, &arguments(&packages[0])).await, (0, "ok".to_owned()));
    assert_eq!(open(&rig, &alice, &arguments(&packages[0])).await, (3, "已经绑定过红包".to_owned()));
    let reply = rig.query("B1").await;
    assert_eq!((element(&reply, "status"), element(&reply, "openid")), ("RECEIVED", &*alice));
    assert_eq!((element(&reply, "amount"), element(&reply, "rcv_time")), ("1000", "2014-11-11 12:00:00"));

    rig.clock.advance(DAY_MS);
    assert_eq!(open(&rig, &bob, &arguments(&packages[1])).await, (4, "已经过期".to_owned()));
    assert_eq!(element(&rig.query("B2").await, "status"), "RFUND_ING");
    assert_eq!(rig.expire().await, (1, 0));
    let reply = rig.query("B2").await;
    assert_eq!((element(&reply, "status"), element(&reply, "refund_amount")), ("REFUND", "1000"));
    assert_eq!((rig.funds().await, rig.wallet(&alice).await, rig.wallet(&bob).await), (4000, 1000, 0));
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_group_packet_is_opened_shared_and_its_rest_goes_back() {
    let rig = rig().await;
    let [alice, bob] = [openid(&rig, OPENID).await, openid(&rig, OTHER_OPENID).await];
    let reply = rig.call(&SENDGROUPREDPACK, &[("re_openid", &alice), ("mch_billno", "B1")]).await;
    assert_eq!(codes(&reply), ["SUCCESS"; 3], "{reply}");
    let packet = element(&reply, "send_listid").to_owned();
    assert_eq!(element(&rig.query("B1").await, "status"), "SENT");
    let (_, first) = rig.claim(&packet, &alice).await;
    let (_, second) = rig.claim_by_link(&packet, &bob, first["link"].as_str().unwrap()).await;
    let [first, second] = [&first, &second].map(|share| share["amount_fen"].as_i64().unwrap());
    let reply = rig.query("B1").await;
    assert_eq!((element(&reply, "status"), element(&reply, "hb_type")), ("RECEIVED", "GROUP"));
    assert_eq!(reply.matches("<hbinfo>").count(), 2);

    rig.clock.advance(DAY_MS);
    assert_eq!(rig.expire().await, (1, 0));
    let reply = rig.query("B1").await;
    let rest = 1000 - first - second;
    assert_eq!((element(&reply, "status"), element(&reply, "refund_amount")), ("REFUND", &*rest.to_string()));
    assert_eq!((rig.funds().await, rig.wallet(&alice).await, rig.wallet(&bob).await), (4000 + rest, first, second));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_pre_order_is_drawn_and_opened_and_those_left_over_go_back_after_three_days() {
    let rig = rig().await;
    let [alice, bob] = [openid(&rig, OPENID).await, openid(&rig, OTHER_OPENID).await];
    let lottery = added(&rig).await;
    for bill_no in ["B1", "B2", "B3"] {
        let reply = rig.call(&HBPREORDER, &[("mch_billno", bill_no)]).await;
        assert_eq!(codes(&reply), ["SUCCESS", "SUCCESS", "0"], "{reply}");
        assert_eq!(filled(&rig, &lottery, &[element(&reply, "sp_ticket")]).await["success_num"], 1);
    }
    assert_eq!(rig.funds().await, 2000);
    let opened = won(&draw(&rig, &lottery, &alice).await).to_owned();
    let bound = won(&draw(&rig, &lottery, &bob).await).to_owned();
    let (status, share) = rig.claim(&opened, &alice).await;
    assert_eq!((status, &share["amount_fen"]), (StatusCode::OK, &json!(1000)));
    let mut statuses = Vec::new();
    for bill_no in ["B1", "B2", "B3"] {
        statuses.push(element(&rig.query(bill_no).await, "status").to_owned());
    }
    statuses.sort();
    assert_eq!(statuses, ["RECEIVED", "SENT", "SENT"]);

    // One is bound and not opened, one nobody drew: both go back.
    rig.clock.advance(3 * DAY_MS);
    assert_eq!(refusal(rig.claim(&bound, &bob).await), (410, "expired".to_owned()));
    assert_eq!(refusal(draw(&rig, &lottery, "carol").await), (410, "campaign_over".to_owned()));
    assert_eq!(rig.expire().await, (2, 0));
    let seen = known(&rig, &lottery).await;
    assert_eq!(
        (&seen["drawed_prizes"], &seen["expired_prizes"], &seen["available_prizes"]),
        (&json!(2), &json!(1), &json!(0))
    );
    assert_eq!((rig.funds().await, rig.wallet(&alice).await, rig.wallet(&bob).await), (4000, 1000, 0));
    rig.assert_books(3).await;
}
