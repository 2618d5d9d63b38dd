%% Pure functions: cutting UTF-8, percent-encoding, and taking a batch from the queue.
-module(mod_push_relay_text).

-export([cut/2, percent_encode/1, hex/1, printable/1, is_blank/1, take_batch/3]).

%% The longest start of a UTF-8 text that fits into Max bytes and ends between two characters. The result is a copy, so
%% that a waiting message does not keep the whole stanza, of which its text is a part, in memory.
-spec cut(binary(), pos_integer()) -> binary().
cut(Text, Max) when byte_size(Text) =< Max ->
    binary:copy(Text);
cut(Text, Max) ->
    binary:copy(binary:part(Text, 0, boundary(Text, Max))).

%% A byte 10xxxxxx continues a character: a cut in front of it would split one.
boundary(Text, At) when At > 0 ->
    case binary:at(Text, At) band 16#C0 of
        16#80 -> boundary(Text, At - 1);
        _ -> At
    end;
boundary(_, At) ->
    At.

%% RFC 3986: everything but the unreserved characters, byte by byte. uri_string:quote/1 came with OTP 25 only.
-spec percent_encode(binary()) -> binary().
percent_encode(Text) ->
    << <<(percent_byte(Byte))/binary>> || <<Byte>> <= Text >>.

percent_byte(Byte) when Byte >= $a, Byte =< $z; Byte >= $A, Byte =< $Z; Byte >= $0, Byte =< $9;
                        Byte == $-; Byte == $.; Byte == $_; Byte == $~ ->
    <<Byte>>;
percent_byte(Byte) ->
    iolist_to_binary(io_lib:format("%~2.16.0B", [Byte])).

-spec hex(binary()) -> binary().
hex(Bytes) ->
    iolist_to_binary([io_lib:format("~2.16.0b", [Byte]) || <<Byte>> <= Bytes]).

%% For a line of the log: an id is the sender's choice, and a line break in it would forge a line.
-spec printable(binary()) -> binary().
printable(Text) ->
    << <<(if Byte < 32; Byte == 127 -> $?; true -> Byte end)>> || <<Byte>> <= cut(Text, 128) >>.

-spec is_blank(binary()) -> boolean().
is_blank(Text) ->
    re:run(Text, "^\\s*$", [{capture, none}]) == match.

%% The messages at the front of the queue that travel together: at most MaxCount, at most MaxBytes of JSON (but always
%% one), and never beyond a deletion, because what comes after it belongs to another account of the same name.
-spec take_batch(queue:queue(), pos_integer(), pos_integer()) -> {[map()], queue:queue()}.
take_batch(Queue, MaxCount, MaxBytes) ->
    take_batch(Queue, MaxCount, MaxBytes, []).

take_batch(Queue, 0, _, Taken) ->
    {lists:reverse(Taken), Queue};
take_batch(Queue, Count, Bytes, Taken) ->
    case queue:peek(Queue) of
        {value, #{bytes := Size} = Entry} when Taken == []; Size < Bytes ->
            take_batch(queue:drop(Queue), Count - 1, Bytes - Size - 1, [Entry | Taken]);
        _ ->
            {lists:reverse(Taken), Queue}
    end.
