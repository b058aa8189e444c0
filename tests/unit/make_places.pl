#!/usr/bin/perl
# Makes place databases for test_places.c, in the shape of GeoLite2 City, with the writer of the
# format's own makers. The networks are those for documentation (RFC 5737, RFC 3849).
#
#   make_places.pl FOLDER     writes FOLDER/places6.mmdb, places4.mmdb and numbers.mmdb
use strict;
use warnings;
use utf8;
use MaxMind::DB::Writer::Tree;

my %types = (
    city => 'map', country => 'map', names => 'map', location => 'map',
    en => 'utf8_string', de => 'utf8_string', iso_code => 'utf8_string',
    latitude => 'double', longitude => 'double', geoname_id => 'uint32',
    autonomous_system_number => 'uint32', autonomous_system_organization => 'utf8_string',
);

sub place {
    my ($city, $country, %more) = @_;
    my %record = %more;
    $record{city} = { geoname_id => 1, names => { en => $city, de => "$city (de)" } } if defined $city;
    $record{country} = { iso_code => 'XX', names => { en => $country, de => "$country (de)" } }
        if defined $country;
    return \%record;
}

my @v4 = (
    ['192.0.2.0/25',     place('Berlin', 'Germany', location => { latitude => 52.5, longitude => 13.4 })],
    ['192.0.2.128/25',   place(undef, 'Germany')],
    ['198.51.100.0/25',  place('São Paulo', 'Brazil')],
    ['198.51.100.128/25', place('Singapore', 'Singapore')],
    ['203.0.113.0/27',   { country => { names => { de => 'Frankreich' } } }],
    ['203.0.113.32/27',  place('ü' x 200, 'x' x 65)],
    ['203.0.113.64/27',  place("Bell\a", "Line\nbreak")],
    ['203.0.113.96/27',  place('', 'Nowhere')],
    ['203.0.113.128/27', place('Atlantis', undef)],
    ['203.0.113.160/27', { autonomous_system_number => 64496, autonomous_system_organization => 'Example' }],
);
my @v6 = (
    ['2001:db8:1::/48', place('Sydney', 'Australia')],
    ['2001:db8:2::/64', place(undef, 'Japan')],
);

sub tree {
    my ($version, $size, $type) = @_;
    return MaxMind::DB::Writer::Tree->new(
        ip_version => $version, record_size => $size, database_type => $type, languages => ['en', 'de'],
        description => { en => 'Places for tests' }, remove_reserved_networks => 0,
        map_key_type_callback => sub { $types{ $_[0] } },
    );
}

sub write_tree {
    my ($tree, $path) = @_;
    open my $file, '>:raw', $path or die "$path: $!";
    $tree->write_tree($file);
    close $file or die "$path: $!";
}

my $folder = shift or die "make_places.pl FOLDER\n";

my $six = tree(6, 28, 'Test-City');
$six->insert_network(@$_) for @v4, @v6;
write_tree($six, "$folder/places6.mmdb");

my $four = tree(4, 24, 'Test-City');
$four->insert_network(@$_) for @v4;
write_tree($four, "$folder/places4.mmdb");

# Valid, but what stands where the names should be is of other types.
$types{$_} = 'uint32' for qw(city en);
my $numbers = tree(6, 32, 'Test-Numbers');
$numbers->insert_network('192.0.2.0/24', { city => 7, country => { names => { en => 49 } } });
write_tree($numbers, "$folder/numbers.mmdb");
