%% Run with EUnit: everything that needs no ejabberd.
-module(mod_push_relay_tests).

-include_lib("eunit/include/eunit.hrl").

cut_test_() ->
    Family = unicode:characters_to_binary([16#1F468, 16#200D, 16#1F469]),
    [?_assertEqual(<<"abc">>, mod_push_relay_text:cut(<<"abc">>, 3)),
     ?_assertEqual(<<"ab">>, mod_push_relay_text:cut(<<"abc">>, 2)),
     ?_assertEqual(<<"a">>, mod_push_relay_text:cut(<<"a", 16#C3, 16#A4>>, 2)),
     ?_assertEqual(<<>>, mod_push_relay_text:cut(Family, 3)),
     [?_assertEqual(true, is_list(unicode:characters_to_list(mod_push_relay_text:cut(Family, Max))))
      || Max <- lists:seq(1, byte_size(Family))]].

percent_encode_test_() ->
    [?_assertEqual(<<"a-Z0._~">>, mod_push_relay_text:percent_encode(<<"a-Z0._~">>)),
     ?_assertEqual(<<"b%25%40%2F%C3%A4">>, mod_push_relay_text:percent_encode(<<"b%@/", 16#C3, 16#A4>>)),
     ?_assertEqual(<<"%0A">>, mod_push_relay_text:percent_encode(<<"\n">>))].

printable_test_() ->
    [?_assertEqual(<<"a?b?", 16#C3, 16#A4>>, mod_push_relay_text:printable(<<"a\nb", 127, 16#C3, 16#A4>>)),
     ?_assertEqual(128, byte_size(mod_push_relay_text:printable(binary:copy(<<"x">>, 1000))))].

refusals_test_() ->
    Refusals = fun(Result) -> mod_push_relay_http:refusals([entry], <<"{\"results\":[", Result/binary, "]}">>) end,
    [?_assertEqual([{entry, <<"RELAY_X">>}], Refusals(<<"{\"status\":\"invalid\",\"code\":\"RELAY_X\"}">>)),
     ?_assertEqual([{entry, <<"invalid">>}], Refusals(<<"{\"status\":\"invalid\",\"code\":7}">>)),
     [?_assertEqual([], Refusals(Result)) || Result <- [<<"{\"status\":\"queued\"}">>, <<"7">>, <<"null">>]]].

%% What was taken is not posted again, and what is wrong with a message itself stays its own affair.
wrong_domain_test() ->
    Body = <<"{\"results\":[{\"status\":\"queued\"},{\"status\":\"invalid\",\"code\":\"RELAY_WRONG_DOMAIN\"},"
             "{\"status\":\"invalid\",\"code\":\"RELAY_X\"}]}">>,
    Entries = [#{id => taken}, #{id => elsewhere}, #{id => bad}],
    ?assertMatch({configuration, _, [#{id := elsewhere}], Body},
                 mod_push_relay_http:verdict({messages, Entries}, {{"HTTP/1.1", 202, ""}, [], Body})),
    ?assertEqual([{#{id => bad}, <<"RELAY_X">>}], mod_push_relay_http:refusals(Entries, Body)).

blank_test_() ->
    [?_assert(mod_push_relay_text:is_blank(<<" \t\r\n">>)),
     ?_assert(mod_push_relay_text:is_blank(<<>>)),
     ?_assertNot(mod_push_relay_text:is_blank(<<" \nx">>))].

batch_test_() ->
    Queue = queue:from_list([#{json => none, bytes => Size} || Size <- [10, 10, 10]]),
    Sizes = fun({Batch, Rest}) -> {[Size || #{bytes := Size} <- Batch], queue:len(Rest)} end,
    Mixed = queue:in(#{json => none, bytes => 1}, queue:in(#{delete => <<"a@b">>}, Queue)),
    [?_assertEqual({[10, 10], 1}, Sizes(mod_push_relay_text:take_batch(Queue, 2, 1000))),
     ?_assertEqual({[10, 10], 1}, Sizes(mod_push_relay_text:take_batch(Queue, 100, 30))),
     %% One message always goes, however long it is.
     ?_assertEqual({[10], 2}, Sizes(mod_push_relay_text:take_batch(Queue, 100, 5))),
     ?_assertEqual({[10, 10, 10], 2}, Sizes(mod_push_relay_text:take_batch(Mixed, 100, 1000)))].

verdict_test_() ->
    Messages = {messages, [#{}]},
    Verdict = fun(Work, Code, Headers) -> mod_push_relay_http:verdict(Work, {{"HTTP/1.1", Code, ""}, Headers, <<>>}) end,
    [[?_assertMatch({retry, _, undefined}, Verdict(Messages, Code, [])) || Code <- [408, 425, 429, 500, 502, 503, 599]],
     [?_assertMatch({configuration, _}, Verdict(Messages, Code, [])) || Code <- [204, 301, 401, 403, 404, 405, 415]],
     [?_assertEqual({refused, Code}, Verdict(Messages, Code, [])) || Code <- [400, 413, 422]],
     [?_assertEqual({refused, Code}, Verdict({delete, <<"a@b">>}, Code, [])) || Code <- [301, 400, 403, 404, 405]],
     ?_assertMatch({configuration, _}, Verdict({delete, <<"a@b">>}, 401, [])),
     ?_assertMatch({retry, _, _}, Verdict({delete, <<"a@b">>}, 503, [])),
     ?_assertMatch({done, _}, Verdict({delete, <<"a@b">>}, 204, [])),
     ?_assertMatch({retry, _, 7000}, Verdict(Messages, 429, [{"retry-after", " 7 "}])),
     %% A day is too long, and a date is not understood: then our own delay holds.
     ?_assertMatch({retry, _, 300000}, Verdict(Messages, 429, [{"retry-after", "86400"}])),
     ?_assertMatch({retry, _, undefined}, Verdict(Messages, 429, [{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}])),
     %% The relay's own 503: the header is for httpc, our own delay holds.
     ?_assertMatch({retry, _, undefined}, Verdict(Messages, 503, [{"retry-after", "120"}])),
     [?_assertEqual({retry, Line}, no_answer(Reason)) || {Reason, Line} <- reasons()]].

no_answer(Reason) ->
    {retry, Why, undefined} = mod_push_relay_http:verdict({messages, [#{}]}, {error, Reason}),
    {retry, iolist_to_binary(Why)}.

%% Of what httpc says only a class is told: the rest may hold what was sent or received.
reasons() ->
    [{timeout, <<"no answer (timeout)">>},
     {{failed_connect, [{to_address, {"localhost", 1}}, {inet, [inet], econnrefused}]}, <<"no answer (econnrefused)">>},
     {{failed_connect, [{inet, [inet], {tls_alert, {unknown_ca, "long"}}}]}, <<"no answer (unknown_ca)">>},
     {{could_not_parse_as_http, <<"secret">>}, <<"no answer (could_not_parse_as_http)">>},
     {"secret", <<"no answer (unknown)">>}].

retry_delay_test_() ->
    [[?_assert(mod_push_relay_http:retry_delay(Failures, undefined) =< 30000) || Failures <- [0, 5, 1000]],
     ?_assert(mod_push_relay_http:retry_delay(0, undefined) =< 500),
     ?_assert(mod_push_relay_http:retry_delay(0, 7000) >= 7000)].
