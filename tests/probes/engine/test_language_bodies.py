"""What each kind of body puts on the wire, and what GraphQL and SOAP say in answers of their own."""

from __future__ import annotations

import base64
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from probe_world import Heard, Server, answer, integration, make_runner, run_once, wall_clock

from config.model import Config
from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

ENVELOPE = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
FAULT = ENVELOPE.format("<s:Fault><faultcode>s:Server</faultcode><faultstring>No quota</faultstring></s:Fault>")
FAULT_12 = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Receiver'
    '</e:Value></e:Code><e:Reason><e:Text xml:lang="en">Down</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>'
)
XML = {"Content-Type": "text/xml"}


def step(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "send", "request": {"path": "/x", **request}, "retry": {"attempts": 1}, **more}


def parts(heard: Heard) -> list[tuple[str, str | None, str, bytes]]:
    """Name, file name, media type and content of each part of a multipart body."""
    head = f"Content-Type: {heard.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + heard.body)
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


async def test_a_form_with_files_has_its_fields_and_its_files(serve: Any, runner: Runner) -> None:
    server = await serve()
    form = {
        "title": "Probe {{region}}",
        "count": 3,
        "rows": {"filename": "{{region}}.csv", "content": "id\n{{region}}\n", "content_type": "text/csv"},
        "logo": {"filename": "logo.png", "file": "files/logo.png"},
    }
    declared = integration(server, step({"multipart": form}))
    files = {"files/logo.png": base64.b64encode(b"\x89PNG\r\n\x00").decode()}
    config = Config(root=Path(), version="v", integrations=(declared,), files=files)
    await runner.run(declared, declared.workflows[0], region="eu", config=config, scheduled_at=wall_clock())
    assert server.heard[0].method == "POST"
    assert parts(server.heard[0]) == [
        ("title", None, "text/plain", b"Probe eu"),
        ("count", None, "text/plain", b"3"),
        ("rows", "eu.csv", "text/csv", b"id\neu\n"),
        ("logo", "logo.png", "application/octet-stream", b"\x89PNG\r\n\x00"),
    ]


async def test_a_file_that_the_configuration_lost_is_ours(serve: Any, runner: Runner) -> None:
    server = await serve()
    run = await run_once(runner, integration(server, step({"multipart": {"a": {"filename": "a", "file": "gone"}}})))
    assert run.failure is not None
    assert (run.failure.kind, server.heard) == (FailureKind.INTERNAL, [])


async def test_a_graphql_operation_is_posted_as_json(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {"data": {"shop": {"name": "Acme"}}}))
    query = "query Shop($id: ID!) { shop(id: $id) { name } }"
    operation = {"query": query, "variables": {"id": "{{region}}", "n": "{{timestamp}}"}, "operation": "Shop"}
    run = await run_once(
        runner, integration(server, step({"graphql": operation}, capture={"name": "$.data.shop.name"}))
    )
    sent = server.heard[0].json
    assert (run.outcome, server.heard[0].method) == (Outcome.PASSED, "POST")
    assert server.heard[0].headers["content-type"] == "application/json"
    assert (sent["query"], sent["operationName"]) == (query, "Shop")
    assert (sent["variables"]["id"], type(sent["variables"]["n"])) == ("local", int)


ERRORS = {"data": None, "errors": [{"message": "No such field", "extensions": {"code": "BAD_USER_INPUT"}}, {}]}


async def test_graphql_errors_inside_a_200_are_the_vendors_failure(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, ERRORS))
    run = await run_once(runner, integration(server, step({"graphql": {"query": "{ a }"}})))
    assert run.failure is not None
    assert (run.failure.kind, run.failure.message) == (
        FailureKind.VENDOR_ERROR,
        "GraphQL error BAD_USER_INPUT: No such field and 1 more",
    )


@pytest.mark.parametrize("path", ["$.errors[0].extensions.code", "$['errors'][0].extensions.code"])
async def test_graphql_errors_that_the_step_expects_are_none(serve: Any, runner: Runner, path: str) -> None:
    server = await serve(answer(200, ERRORS))
    expect = {"json": {path: "BAD_USER_INPUT"}}
    run = await run_once(runner, integration(server, step({"graphql": {"query": "{ a }"}}, expect=expect)))
    assert run.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("query", "requests"),
    [("{ a }", 2), ("query A { a }", 2), ("mutation { a }", 1), ("query A { a }\nmutation B { b }", 1)],
    ids=["a query", "a named query", "a mutation", "one of both"],
)
async def test_a_graphql_query_may_be_sent_twice_and_a_mutation_not(serve: Any, query: str, requests: int) -> None:
    server = await serve(answer(503, {}), answer(200, {"data": {}}))
    declared = integration(server, {"name": "ask", "request": {"path": "/", "graphql": {"query": query}}})
    await run_once(make_runner(), declared)
    assert len(server.heard) == requests


async def test_an_xml_body_is_sent_with_its_soap_action(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, ENVELOPE.format("<r/>").encode(), XML))
    xml = ENVELOPE.format("<q>{{ 'a<b' | e }}</q>")
    await run_once(runner, integration(server, step({"xml": xml, "soap_action": "urn:{{region}}"})))
    heard = server.heard[0]
    assert (heard.method, heard.headers["content-type"], heard.headers["soapaction"]) == (
        "POST",
        "text/xml; charset=utf-8",
        '"urn:local"',
    )
    assert b"<q>a&lt;b</q>" in heard.body


async def test_soap_1_2_has_its_action_in_the_content_type(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, b"<r/>", XML))
    headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
    await run_once(runner, integration(server, step({"xml": "<q/>", "soap_action": "urn:a", "headers": headers})))
    sent = server.heard[0].headers
    assert sent["content-type"] == 'application/soap+xml; charset=utf-8; action="urn:a"'
    assert "soapaction" not in sent


async def soap_run(server: Server, **more: Any) -> Run:
    return await run_once(make_runner(), integration(server, step({"xml": "<q/>"}, **more)))


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, FAULT, "SOAP Fault s:Server: No quota"),
        (500, FAULT, "SOAP Fault s:Server: No quota"),
        (500, FAULT_12, "SOAP Fault e:Receiver: Down"),
    ],
)
async def test_a_soap_fault_is_the_vendors_failure_whatever_the_status(
    serve: Any, status: int, body: str, message: str
) -> None:
    run = await soap_run(await serve(answer(status, body.encode(), XML)))
    assert run.failure is not None
    assert (run.failure.kind, run.failure.message) == (FailureKind.VENDOR_ERROR, message)


async def test_a_soap_fault_that_the_step_expects_is_none(serve: Any) -> None:
    expect = {"status": 500, "xml": {"//soap:Fault/faultcode": "s:Server"}}
    run = await soap_run(await serve(answer(500, FAULT.encode(), XML)), expect=expect)
    assert run.outcome is Outcome.PASSED, run.failure


async def test_a_500_without_a_fault_stays_a_500(serve: Any) -> None:
    run = await soap_run(await serve(answer(500, b"<html><p>oops", {})))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.STATUS_5XX


ORDERS = """<?xml version="1.0"?>
<o:orders xmlns:o="urn:orders" total="2"><o:order id="1"><o:sum> 9.50 </o:sum></o:order>
<o:order id="2"><o:sum>12</o:sum><o:note/></o:order></o:orders>"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/o:orders/@total", 2),
        ("/o:orders/@total", "2"),
        ("//o:order[1]/o:sum", 9.5),
        ("//o:order[1]/o:sum", "9.50"),
        ("//o:order/@id", ["1", "2"]),
        ("//o:order/@id", [1, 2]),
        ("count(//o:order)", 2),
        ("count(//o:order) = 2", True),
        ("//o:order", {"length": 2}),
        ("//o:order[2]/o:sum", {"gt": 11, "le": 12}),
        ("//o:gone", {"exists": False}),
        ("//o:order", {"exists": True}),
        ("//o:note", None),
        ("string(//o:order[2]/@id)", "2"),
        ("//o:order[1]/o:sum", {"matches": r"^\d+\.\d+$"}),
        ("//o:order[1]/@id", "{{ one }}"),
    ],
)
async def test_what_an_xpath_finds_can_be_expected(serve: Any, runner: Runner, path: str, expected: Any) -> None:
    run = await orders(await serve(answer(200, ORDERS.encode(), XML)), runner, path, expected)
    assert run.outcome is Outcome.PASSED, run.failure


@pytest.mark.parametrize(
    ("path", "expected", "message"),
    [
        ("//o:gone", 1, "//o:gone: no such path"),
        ("/o:orders/@total", 3, '/o:orders/@total: expected 3, got "2"'),
        ("//o:order", {"length": 3}, "//o:order: expected length 3, got 2"),
        ("//o:order[1]/o:sum", {"gt": 10}, "//o:order[1]/o:sum: expected > 10, got 9.5"),
        ("//o:note", {"lt": 1}, '//o:note: expected < 1, got ""'),
        ("count(//o:order) = 3", True, "count(//o:order) = 3: expected true, got false"),
        ("//o:order/@id", ["1"], '//o:order/@id: expected ["1"], got ["1", "2"]'),
    ],
)
async def test_what_an_xpath_does_not_find_is_told(
    serve: Any, runner: Runner, path: str, expected: Any, message: str
) -> None:
    run = await orders(await serve(answer(200, ORDERS.encode(), XML)), runner, path, expected)
    assert run.failure is not None
    assert (run.failure.kind, run.failure.message) == (FailureKind.ASSERTION, message)


async def orders(server: Server, runner: Runner, path: str, expected: Any) -> Run:
    flow = {"name": "flow", "namespaces": {"o": "urn:orders"}, "variables": {"one": "1"}}
    declared = integration(server, step({}, expect={"xml": {path: expected}}))
    workflow = declared.workflows[0].model_copy(update={k: v for k, v in flow.items() if k != "name"})
    return await run_once(runner, declared.model_copy(update={"workflows": (workflow,)}))


@pytest.mark.parametrize("body", [b"<a><b></a>", b"{}", b"", b'<!DOCTYPE a [<!ENTITY x "y">'])
async def test_expected_xml_that_is_none_is_a_broken_body(serve: Any, runner: Runner, body: bytes) -> None:
    run = await run_once(runner, integration(await serve(answer(200, body, XML)), step({}, expect={"xml": {}})))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.BODY
    assert run.failure.message.startswith("no well-formed XML in a 200: ")


async def test_an_xml_document_reads_no_file_and_no_address(serve: Any, runner: Runner) -> None:
    elsewhere = await serve(answer(200, b"secret"))
    evil = f'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY h SYSTEM "{elsewhere.url}/">]><a>&f;&h;</a>'
    server = await serve(answer(200, evil.encode(), XML))
    run = await run_once(runner, integration(server, step({}, expect={"xml": {}}, capture={"a": "xpath:/a"})))
    assert run.steps[0].captured == {"a": "&f;&h;"}
    assert elsewhere.heard == []


@pytest.mark.parametrize("value", ["{{ [n.items()] }}", "{{ big * big }}", "{{ 1e300 * 1e300 }}"])
async def test_a_value_that_json_does_not_have_is_our_failure_and_clean_up_is_still_run(
    serve: Any, runner: Runner, value: str
) -> None:
    server = await serve(answer(201, {"n": {"a": 1}, "big": 10**4000}))
    create = {"name": "create", "request": {"method": "POST"}, "capture": {"n": "$.n", "big": "$.big"}}
    tidy = {"name": "tidy", "always": True, "request": {"method": "DELETE", "path": "/x"}}
    run = await run_once(runner, integration(server, create, step({"method": "POST", "json": {"a": value}}), tidy))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.INTERNAL
    assert [heard.method for heard in server.heard] == ["POST", "DELETE"]
