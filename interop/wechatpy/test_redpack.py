"""wechatpy, unmodified, over mTLS: does it take the platform for the real one?

wechatpy checks the server's certificate against REQUESTS_CA_BUNDLE, sends its certificate as a PEM
pair, reads replies with xmltodict, and raises WeChatPayException for whatever is not SUCCESS twice."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from hongbao_dev import Platform, run
from wechatpy.exceptions import WeChatPayException
from wechatpy.pay import WeChatPay

OPENID = "oxTWIuGaIt6gTKsQRLau2M0yL16E"
OTHER_OPENID = "onqOjjmM1tad-3ROpncN-yUfa6uI"


class RedPack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform()
        cls.addClassCleanup(cls.platform.stop)
        os.environ["REQUESTS_CA_BUNDLE"] = cls.platform.path("rootca.pem")
        cls.numbers = iter(range(1, 1000))

    def pay(self, **changed):
        """A client as a merchant would make it."""
        merchant = self.platform.profile["merchant"]
        arguments = {
            "appid": merchant["wxappid"],
            "api_key": self.platform.api_key,
            "mch_id": merchant["mch_id"],
            "mch_cert": self.platform.path("apiclient_cert.pem"),
            "mch_key": self.platform.path("apiclient_key.pem"),
            **changed,
        }
        client = WeChatPay(**arguments)
        client.API_BASE_URL = self.platform.base_url + "/"
        return client

    def number(self):
        return f"10000098201411111{next(self.numbers):09}"

    def send(self, number, client=None, **changed):
        arguments = {
            "user_id": OPENID,
            "total_amount": 1000,
            "send_name": "天虹百货",
            "act_name": "猜灯谜抢红包活动",
            "wishing": "感谢您参加猜灯谜活动，祝您元宵节快乐！",
            "remark": "猜越多得越多，快来抢！",
            "client_ip": "192.168.0.1",
            "scene_id": "PRODUCT_8",
            "out_trade_no": number,
            **changed,
        }
        return (client or self.pay()).redpack.send(**arguments)

    def refused(self, code, call, *arguments, **keywords):
        with self.assertRaises(WeChatPayException) as caught:
            call(*arguments, **keywords)
        error = caught.exception
        self.assertEqual((error.return_code, error.result_code, error.errcode), ("SUCCESS", "FAIL", code))
        self.assertEqual(error.return_msg, error.errmsg)
        return error.errmsg

    def test_send_and_the_same_number_again(self):
        number, client = self.number(), self.pay()
        first = self.send(number, client)
        self.assertEqual(first["return_code"], "SUCCESS")
        self.assertEqual(first["return_msg"], "发放成功")
        self.assertEqual(first["err_code"], "SUCCESS")
        self.assertEqual(first["mch_billno"], number)
        self.assertEqual(first["mch_id"], client.mch_id)
        self.assertEqual(first["wxappid"], client.appid)
        self.assertEqual(first["re_openid"], OPENID)
        self.assertEqual(first["total_amount"], "1000")
        self.assertRegex(first["send_listid"], r"^\d{28,32}$")
        self.assertEqual(self.send(number, client), first)

    def test_a_changed_amount_is_fatal(self):
        number = self.number()
        self.send(number)
        self.assertEqual(
            self.refused("FATAL_ERROR", self.send, number, total_amount=1001), "更换了金额，但商户单号未更新"
        )
        self.assertEqual(
            self.refused("FATAL_ERROR", self.send, number, user_id=OTHER_OPENID), "更换了openid，但商户单号未更新"
        )

    def test_a_wrong_key_is_a_wrong_signature(self):
        number = self.number()
        client = self.pay(api_key="0" * 32)
        self.assertEqual(self.refused("SIGN_ERROR", self.send, number, client), "签名错误")
        self.assertEqual(self.refused("NOT_FOUND", self.pay().redpack.query, number), "指定单号数据不存在")

    def test_without_a_certificate_nothing_is_done(self):
        number = self.number()
        client = self.pay(mch_cert=None, mch_key=None)
        self.assertIn("证书出错", self.refused("CA_ERROR", self.send, number, client))
        self.refused("NOT_FOUND", self.pay().redpack.query, number)

    def test_too_little_money_then_topped_up_and_sent_again(self):
        poor = "10000099"
        key = "8934e7d15453e97507ef794cf7b0519d"
        key_file = self.platform.path("poor_key.txt")
        with open(key_file, "w", encoding="ascii") as file:
            file.write(key)
        app = self.platform.profile["merchant"]["wxappid"]
        self.platform.run(
            "merchant", "add", poor, "--name", "天虹百货分店", "--key-file", key_file,
            "--certificate", self.platform.path("apiclient_cert.pem"), "--app", app,
        )
        client = self.pay(mch_id=poor, api_key=key)
        number = self.number()
        text = self.refused("NOTENOUGH", self.send, number, client)
        self.assertEqual(text, "帐号余额不足，请到商户平台充值后再重试")
        landed = client.redpack.query(number)
        self.assertEqual((landed["status"], landed["reason"]), ("SENDING", text))

        self.platform.run("topup", poor, "1000", "--reference", "poor-1")
        sent = self.send(number, client)
        self.assertEqual(sent["send_listid"], landed["detail_id"])
        self.assertEqual(client.redpack.query(number)["status"], "SENT")

    def test_text_that_is_awkward_in_xml_is_signed_as_it_is_meant(self):
        awkward = "A&B <快来抢> \"x\" 'y' 🧧"
        sent = self.send(self.number(), wishing=awkward, remark=awkward)
        self.assertEqual(sent["result_code"], "SUCCESS")

    def test_query_in_each_state(self):
        client = self.pay()
        self.refused("NOT_FOUND", client.redpack.query, self.number())

        claimed, expired = self.number(), self.number()
        packet_id = self.send(claimed, client)["send_listid"]
        self.send(expired, client)
        sent = client.redpack.query(claimed)
        self.assertEqual(
            [sent[name] for name in ("detail_id", "status", "send_type", "hb_type", "total_num", "total_amount")],
            [packet_id, "SENT", "API", "NORMAL", "1", "1000"],
        )
        self.assertNotIn("hblist", sent)

        self.platform.run("claim", packet_id, "--as", OPENID)
        received = client.redpack.query(claimed)
        self.assertEqual(received["status"], "RECEIVED")
        share = received["hblist"]["hbinfo"]
        self.assertEqual((share["openid"], share["amount"]), (OPENID, "1000"))
        self.assertRegex(share["rcv_time"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")

        landed = self.number()
        text = self.refused("SENDAMOUNT_LIMIT", self.send, landed, self.limited())
        sending = self.limited().redpack.query(landed)
        self.assertEqual((sending["status"], sending["reason"]), ("SENDING", text))

        self.platform.run("sandbox", "clock", "+24h", "--no-expire")
        refunding = client.redpack.query(expired)
        self.assertEqual(refunding["status"], "RFUND_ING")
        self.assertNotIn("refund_time", refunding)
        self.platform.run("sandbox", "clock", "+1s")
        refunded = client.redpack.query(expired)
        self.assertEqual((refunded["status"], refunded["refund_amount"]), ("REFUND", "1000"))
        self.assertRegex(refunded["refund_time"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(client.redpack.query(claimed)["status"], "RECEIVED")
        failed = self.limited().redpack.query(landed)
        self.assertEqual(failed["status"], "FAILED")
        self.assertEqual("SEND_FAILED", self.refused_code(self.send, landed, self.limited()))

    def limited(self):
        """A merchant who may send nothing more today."""
        if not hasattr(type(self), "limited_key"):
            type(self).limited_key = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
            key_file = self.platform.path("limited_key.txt")
            with open(key_file, "w", encoding="ascii") as file:
                file.write(self.limited_key)
            self.platform.run(
                "merchant", "add", "10000097", "--name", "天虹百货", "--key-file", key_file,
                "--certificate", self.platform.path("apiclient_cert.pem"),
                "--app", self.platform.profile["merchant"]["wxappid"], "--amount-per-day", "999",
            )
        return self.pay(mch_id="10000097", api_key=self.limited_key)

    def refused_code(self, call, *arguments):
        with self.assertRaises(WeChatPayException) as caught:
            call(*arguments)
        return caught.exception.errcode

    @classmethod
    def tearDownClass(cls):
        report = cls.platform.audit()
        assert "every fen is in its place" in report, report


if __name__ == "__main__":
    run(RedPack)
