"""Words of refusals and reasons: the first boot."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "setup_pin_wrong": (
        "安装密码不对；它在盒子的标签上、连接盒子的屏幕上，或打印的小票上",
        "Wrong setup PIN. It is on the box's label, on a screen plugged into the box, or on a slip",
    ),
    "setup_pin_locked": (
        "输错次数太多，请等 {seconds} 秒再试",
        "Too many wrong PINs; try again in {seconds} seconds",
    ),
    "setup_slip_later": (
        "刚打印过一张，{seconds} 秒后才能再打印",
        "A slip was printed just now; the next one may be printed in {seconds} seconds",
    ),
    "setup_pin_not_printed": (
        "没有打印机能打印；请看盒子的标签，或把屏幕接到盒子上",
        "No printer could print it; look at the box's label, or plug a screen into the box",
    ),
    "setup_language": ("请选择一种语言", "Choose a language"),
    "setup_hub_address": (
        "“{address}”不是总部地址；应当像 http://hub.example.com:8600",
        "“{address}” is no address of a hub; write it like http://hub.example.com:8600",
    ),
    "setup_code_missing": (
        "请输入总部给的注册码，例如 7KQ2-M0XA-94TB",
        "Enter the code that head office gave you, such as 7KQ2-M0XA-94TB",
    ),
    "setup_code_unknown": (
        "总部没有这个注册码；请逐字核对，或向总部要新的注册码",
        "Head office knows no such code; compare it letter by letter, or ask for a new one",
    ),
    "setup_code_used": (
        "这个注册码已被另一台盒子用过；请向总部要新的注册码",
        "Another box has used this code; ask head office for a new one",
    ),
    "setup_hub_refused": ("总部没有接受：{words}", "Head office did not take it: {words}"),
    "setup_no_line": (
        "盒子没有连上网络；请检查网线和路由器，再试一次",
        "The box has no network; check its cable and the router, then try again",
    ),
    "setup_hub_name": (
        "网络里找不到 {hub}；请核对总部地址，或检查路由器能否上网",
        "Nobody on the network knows {hub}; compare the address, or see if the router is online",
    ),
    "setup_hub_unreachable": (
        "网络正常，但总部 {hub} 没有应答（{why}）；请核对地址，或请总部查看服务器",
        "There is a network, but the hub {hub} does not answer ({why});"
        " compare the address, or ask head office to look at it",
    ),
    "setup_not_a_hub": (
        "{hub} 有应答，但不是总部的服务器；请核对地址和端口",
        "{hub} answers, but is no hub; compare address and port",
    ),
    "setup_certificate": (
        "{hub} 的证书不可信；请看盒子的日期对不对，或请总部查看证书",
        "The certificate of {hub} is not to be trusted; see if the box's date is right,"
        " or ask head office to look at it",
    ),
    "setup_identity": (
        "盒子里的身份文件用不了（{why}）；请总部重新登记这台盒子",
        "The box's identity file cannot be used ({why}); ask head office to enrol the box anew",
    ),
    "setup_successor": (
        "这台盒子接替一台旧盒子，还没有它的数据；请打开 /setup/successor，或在盒子上执行"
        " cafebox rebuild --from 目录（没有第二份数据就不加 --from），完成后再按一次",
        "This box succeeds an earlier one and has none of its data yet: open /setup/successor, or"
        " type on the box: cafebox rebuild --from FOLDER (without --from where there is no second"
        " copy); then press again",
    ),
    "setup_copy_gone": (
        "{folder} 里没有旧盒子的第二份数据；请插好 U 盘，再看一次",
        "No second copy of the dead box lies in {folder}; plug its stick in and look again",
    ),
    "rebuilt_unread": (
        "{file}：一点也读不出来，请找另一个 U 盘或它的副本",
        "{file}: nothing of it can be read; look for another stick or copy of it",
    ),
    "rebuilt_refused": ("{file}：总部不接受：{why}", "{file}: the hub refused it: {why}"),
    "rebuilt_gap": (
        "第 {epoch} 期的第 {first} 至 {last} 条没有收下，因为缺第 {missing} 条以后的；"
        "请找另一个 U 盘",
        "ops {first} to {last} of epoch {epoch}: not taken, since those from {missing} on are"
        " missing. Look for another stick",
    ),
    "rebuilt_kept": (
        "第 {epoch} 期的第 {first} 至 {last} 条先留着，要两位店长在总部“盒子”页上同意收下",
        "ops {first} to {last} of epoch {epoch}: kept until two managers admit them on head"
        " office's page Boxes",
    ),
    "rebuilt_torn": (
        "{file}：末尾读不出来（{why}），总部收到第 {last} 条为止",
        "{file}: its end cannot be read ({why}); the hub has the ops up to {last}",
    ),
    "rebuilt_without_copy": (
        "旧盒子写下而总部还没有的记录：没有第二份数据",
        "what the dead box wrote and the hub has not: no copy was given",
    ),
    "rebuilt_audit": (
        "旧盒子的操作日志：总部能证明到第 {row} 行，本机一行也没有",
        "the dead box's audit log: the hub vouches for rows up to {row}, none are here",
    ),
    "rebuilt_receipts": (
        "还在等打印的小票：客人要时，请从销售记录重新打印",
        "receipts that were waiting to be printed: print them again from the sale if asked",
    ),
    "rebuilt_tickets": ("挂起未付款的单子", "tickets that were put aside and not paid"),
    "rebuilt_numbers": (
        "最后一秒的单号：以后的单据跳过 {skipped} 个号",
        "running numbers of its last second: papers go on {skipped} numbers later",
    ),
    "rebuilt_held": (
        "旧盒子替会员保管的额度还在它那一期，要两位店长在总部“盒子”页上核销，或执行：cafebox-hub"
        " close-epoch {node} {epoch} --approved-by 工号 --and-by 工号",
        "what the dead box held stays with its epoch until two managers write that off, on head"
        " office's page Boxes or by: cafebox-hub close-epoch {node} {epoch}"
        " --approved-by STAFF --and-by STAFF",
    ),
    "setup_rebuild_failed": (
        "没有接替成功：{why}；什么也没有丢，请处理后再按一次",
        "It was not taken over: {why}. Nothing is lost; mend that, then press again",
    ),
    "setup_code_first": ("请先输入注册码", "Enter the code first"),
    "setup_device_gone": (
        "{place} 上的设备不见了；请插好，再点“重新查找”",
        "What was at {place} is gone; plug it in and look again",
    ),
    "setup_port": (
        "“{port}”不是设备端口；应当像 /dev/ttyUSB0",
        "“{port}” is no device's port; write it like /dev/ttyUSB0",
    ),
    "setup_number": ("有一个数字填得不对", "A number is not a number"),
    "setup_device_refused": (
        "这些设备不能这样使用：{why}",
        "The devices cannot be used like this: {why}",
    ),
    "setup_disk": (
        "盒子的存储卡写不进去（{why}）；请换一张卡，或告知总部",
        "The box's card cannot be written ({why}); put in another one, or tell head office",
    ),
    "setup_no_printer": (
        "没有选中打印机；请返回上一步选一台，或跳过",
        "No printer was chosen; go back and choose one, or leave this step out",
    ),
    "setup_slip_failed": (
        "小票没有打印出来；请看打印机的提示，处理后再打印一次",
        "The slip did not come out; see below what is wrong with the printer, then print it again",
    ),
}
